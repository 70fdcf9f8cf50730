// The one exception type of the library, and the statuses it carries across the C ABI.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "core/text.h"

namespace libtensor {

// What kind of thing went wrong. The numbers are those of tensor_status_t
// (include/tensor/status.h).
enum class Status : int32_t {
  kOk = 0,
  kInvalidArgument = 1,  // PyTorch's RuntimeError for a bad argument
  kInvalidHandle = 2,
  kTypeError = 3,
  kValueError = 4,
  kIndexError = 5,
  kNotImplemented = 6,
  kOutOfMemory = 7,
  kUnavailable = 8,  // a backend or device that this machine does not have
  kInternal = 9,     // a bug in the library
  kCancelled = 10,
  kGradcheck = 11,  // gradcheck found a wrong gradient
};

class Error : public std::exception {
 public:
  Error(Status status, std::string message) : status_(status), message_(std::move(message)) {}
  Status status() const noexcept { return status_; }
  const std::string& message() const noexcept { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  Status status_;
  std::string message_;
};

template <class... Args>
[[noreturn, gnu::cold, gnu::noinline]] void fail(Status status, const Args&... args) {
  throw Error(status, str(args...));
}

// Throws PyTorch's plain RuntimeError unless `condition` holds.
template <class... Args>
inline void check(bool condition, const Args&... args) {
  if (!condition) [[unlikely]]
    fail(Status::kInvalidArgument, args...);
}

template <class... Args>
inline void check_as(Status status, bool condition, const Args&... args) {
  if (!condition) [[unlikely]]
    fail(status, args...);
}

}  // namespace libtensor
