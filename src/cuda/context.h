// Where a call's work goes.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace libtensor::cuda {

struct Context {
  int device;
  cudaStream_t stream;  // the calling thread's current one
};

// Memory for one call's intermediate results, given back in the order of the stream.
class Scratch {
 public:
  Scratch(const Context& context, size_t bytes);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  template <class T = void>
  T* data() const {
    return static_cast<T*>(data_);
  }

 private:
  int device_;
  void* data_;
};

template <class T>
constexpr T ceil_div(T a, T b) {
  return (a + b - 1) / b;
}

// Makes a device current for the calling thread and puts the caller's back.
class DeviceGuard {
 public:
  explicit DeviceGuard(int device);
  ~DeviceGuard();
  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;

 private:
  int before_ = 0;
  bool changed_ = false;
};

// The same where nothing may be thrown: the calls that follow fail where the device is not there.
class QuietGuard {
 public:
  explicit QuietGuard(int device) noexcept;
  ~QuietGuard();
  QuietGuard(const QuietGuard&) = delete;
  QuietGuard& operator=(const QuietGuard&) = delete;

 private:
  int before_ = 0;
  bool changed_ = false;
};

}  // namespace libtensor::cuda
