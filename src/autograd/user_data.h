// What a program hands in beside a callback.
#pragma once

#include <utility>

namespace libtensor::autograd {

// What a callback is called with, and how its owner lets go of it.
struct UserData {
  void* user = nullptr;
  void (*destroy)(void* user) = nullptr;
};

// Owns such data.
class OwnedUserData {
 public:
  OwnedUserData() = default;
  explicit OwnedUserData(UserData data) : data_(data) {}
  OwnedUserData(OwnedUserData&& other) noexcept : data_(std::exchange(other.data_, {})) {}
  OwnedUserData& operator=(OwnedUserData&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  ~OwnedUserData() {
    if (data_.destroy) data_.destroy(data_.user);
  }
  const UserData& get() const { return data_; }

 private:
  UserData data_;
};

}  // namespace libtensor::autograd
