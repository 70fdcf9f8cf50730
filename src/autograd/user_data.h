// What a program hands in beside a callback.
#pragma once

#include <utility>

namespace libtensor::autograd {

// What a callback is called with, and how its owner lets go of it.
struct UserData {
  void* user = nullptr;
  void (*destroy)(void* user) = nullptr;
};

// Owns such data, and calls its destroy by `call_destroy`.
class OwnedUserData {
 public:
  using CallDestroy = void (*)(UserData data) noexcept;

  OwnedUserData() = default;
  OwnedUserData(UserData data, CallDestroy call_destroy)
      : data_(data), call_destroy_(call_destroy) {}
  OwnedUserData(OwnedUserData&& other) noexcept
      : data_(other.data_), call_destroy_(std::exchange(other.call_destroy_, nullptr)) {}
  OwnedUserData& operator=(OwnedUserData&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(call_destroy_, other.call_destroy_);
    return *this;
  }
  ~OwnedUserData() {
    if (call_destroy_) call_destroy_(data_);
  }
  const UserData& get() const { return data_; }

 private:
  UserData data_;
  CallDestroy call_destroy_ = nullptr;
};

}  // namespace libtensor::autograd
