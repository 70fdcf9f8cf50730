#include "firewall.h"

#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

#include "core/thread_local.h"

namespace libtensor::capi {
namespace {

struct Message {
  std::string text;

  ~Message();
};
constexpr ThreadPointer<Message, ThreadWord::kMessage> message;

// How many errors the thread has had, and whether there was no memory for the last one's message.
struct Errors {
  uint32_t count : 31;
  uint32_t without_memory : 1;
};
LIBTENSOR_FAST_THREAD_LOCAL Errors errors = {};

Message::~Message() { message = nullptr; }

}  // namespace

tensor_status_t keep_error(Status status, const char* text) noexcept {
  ++errors.count;
  try {
    if (!message) message = make_for_thread<Message>();
    message->text = text;
    errors.without_memory = false;
  } catch (...) {
    errors.without_memory = true;
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
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::resource_unavailable_try_again)
      return keep_error(Status::kInternal, error.what());
    return keep_error(Status::kOutOfMemory, "out of memory: the system starts no further thread");
  } catch (const std::exception& error) {
    return keep_error(Status::kInternal, error.what());
  } catch (...) {
    return keep_error(Status::kInternal, "unknown error");
  }
}

const char* last_error() noexcept {
  if (errors.without_memory)
    return "out of memory: the host has none for the message of another error";
  return message ? message->text.c_str() : "";
}
uint32_t failure_count() noexcept { return errors.count; }

}  // namespace libtensor::capi
