#include "firewall.h"

#include <memory>
#include <new>

namespace libtensor::capi {
namespace {

// Reached through a pointer so that a call costs no thread-local initialisation; "" until the
// thread's first error.
constinit thread_local const char* message = "";
constinit thread_local uint64_t messages_set = 0;

tensor_status_t keep(Status status, const char* text) noexcept {
  ++messages_set;
  try {
    static thread_local const std::unique_ptr<std::string> owner(new std::string);
    *owner = text;
    message = owner->c_str();
  } catch (...) {
    message = "out of memory";
  }
  return static_cast<tensor_status_t>(status);
}

}  // namespace

tensor_status_t report_exception() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    return keep(error.status(), error.what());
  } catch (const std::bad_alloc&) {
    return keep(Status::kOutOfMemory,
                "out of memory: the host has no memory for the library's own records");
  } catch (const std::exception& error) {
    return keep(Status::kInternal, error.what());
  } catch (...) {
    return keep(Status::kInternal, "unknown error");
  }
}

const char* last_error() noexcept { return message; }
void set_last_error(const char* text) noexcept { keep(Status::kInvalidArgument, text); }
uint64_t error_count() noexcept { return messages_set; }

}  // namespace libtensor::capi
