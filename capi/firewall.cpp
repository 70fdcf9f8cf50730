#include "firewall.h"

#include <new>
#include <stdexcept>
#include <string>

#include "core/thread_local.h"

namespace libtensor::capi {
namespace {

struct Message {
  std::string text;

  ~Message();
};
constexpr ThreadPointer<Message, ThreadWord::kMessage> message;

// The message of the thread's last error, and how many it has had. They need no memory, so that
// there is a message where there is none.
LIBTENSOR_FAST_THREAD_LOCAL const char* last_text = "";
LIBTENSOR_FAST_THREAD_LOCAL uint64_t times_set = 0;

Message::~Message() {
  message = nullptr;
  last_text = "";
}

}  // namespace

tensor_status_t keep_error(Status status, const char* text) noexcept {
  ++times_set;
  try {
    if (!message) message = make_for_thread<Message>();
    message->text = text;
    last_text = message->text.c_str();
  } catch (...) {
    last_text = "out of memory: the host has none for the message of another error";
    status = Status::kOutOfMemory;
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

const char* last_error() noexcept { return last_text; }
uint64_t failure_count() noexcept { return times_set; }

}  // namespace libtensor::capi
