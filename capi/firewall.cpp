#include "firewall.h"

#include <new>
#include <stdexcept>
#include <string>

#include "core/thread_local.h"

namespace libtensor::capi {
namespace {

struct Message {
  std::string text;
  uint64_t times_set = 0;

  ~Message();
};

// Null until the thread's first error.
LIBTENSOR_FAST_THREAD_LOCAL Message* message = nullptr;

Message::~Message() { message = nullptr; }

}  // namespace

tensor_status_t keep_error(Status status, const char* text) noexcept {
  try {
    if (!message) message = delete_at_thread_exit(new Message);
    ++message->times_set;
    message->text = text;
  } catch (...) {
    if (message) message->text = "out of memory";  // short enough to need none
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
  } catch (const std::length_error&) {  // more than a container can ever hold
    return keep_error(Status::kOutOfMemory,
                      "out of memory: the library's own records would be larger than memory");
  } catch (const std::exception& error) {
    return keep_error(Status::kInternal, error.what());
  } catch (...) {
    return keep_error(Status::kInternal, "unknown error");
  }
}

const char* last_error() noexcept { return message ? message->text.c_str() : ""; }
uint64_t failure_count() noexcept { return message ? message->times_set : 0; }

}  // namespace libtensor::capi
