#include "firewall.h"

#include <memory>
#include <new>

namespace libtensor::capi {
namespace {

// Reached through a pointer so that a call costs no thread-local initialisation; "" until the
// thread's first error.
constinit thread_local const char* message = "";
constinit thread_local uint64_t failures = 0;

}  // namespace

tensor_status_t keep_error(Status status, const char* text) noexcept {
  ++failures;
  try {
    static thread_local const std::unique_ptr<std::string> owner(new std::string);
    *owner = text;
    message = owner->c_str();
  } catch (...) {
    message = "out of memory";
  }
  return static_cast<tensor_status_t>(status);
}

tensor_status_t report_exception() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    return keep_error(error.status(), error.what());
  } catch (const std::bad_alloc&) {
    return keep_error(Status::kOutOfMemory,
                      "out of memory: the host has no memory for the library's own records");
  } catch (const std::exception& error) {
    return keep_error(Status::kInternal, error.what());
  } catch (...) {
    return keep_error(Status::kInternal, "unknown error");
  }
}

const char* last_error() noexcept { return message; }

uint64_t failure_count() noexcept { return failures; }

}  // namespace libtensor::capi
