// CUDA devices, their streams and events, pinned memory.
#ifndef TENSOR_CPP_CUDA_HPP
#define TENSOR_CPP_CUDA_HPP

#include <utility>

#include "tensor/cpp/tensor_class.hpp"
#include "tensor/cuda.h"

namespace tensor {
namespace cuda {

inline int32_t device_count() {
  int32_t count;
  detail::check(tensor_cuda_device_count(&count));
  return count;
}
// What Device("cuda") stands for in this thread.
inline int32_t current_device() {
  int32_t index;
  detail::check(tensor_cuda_current_device(&index));
  return index;
}
inline void set_device(int32_t index) { detail::check(tensor_cuda_set_device(index)); }
inline tensor_device_properties_t properties(const Device& device) {
  tensor_device_properties_t found = tensor_device_properties_default();
  detail::check(tensor_device_properties(device.raw(), &found));
  return found;
}
inline void synchronize(const Device& device) {
  detail::check(tensor_device_synchronize(device.raw()));
}

// May matrix products of float32 round their factors to TF32?
inline void allow_tf32(bool allowed) { detail::check(tensor_cuda_allow_tf32(allowed)); }
inline bool tf32_allowed() { return tensor_cuda_tf32_allowed(); }

// Are indices, targets and divisors checked before an operation returns, for which the host waits?
inline void check_at_once(bool at_once) { detail::check(tensor_cuda_check_at_once(at_once)); }
inline bool checks_at_once() { return tensor_cuda_checks_at_once(); }

// A point in a stream's work. Can be moved, not copied.
class Event {
 public:
  explicit Event(const Device& device, bool timing = false) {
    detail::check(tensor_event_new(device.raw(), timing, &handle_));
  }
  ~Event() { tensor_event_release(handle_); }
  Event(Event&& other) noexcept { std::swap(handle_, other.handle_); }
  Event& operator=(Event&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  void synchronize() const { detail::check(tensor_event_synchronize(handle_)); }
  bool query() const {
    bool done;
    detail::check(tensor_event_query(handle_, &done));
    return done;
  }
  double milliseconds_until(const Event& end) const {
    double milliseconds;
    detail::check(tensor_event_elapsed(handle_, end.handle_, &milliseconds));
    return milliseconds;
  }
  const tensor_event_t* handle() const noexcept { return handle_; }

 private:
  tensor_event_t* handle_ = nullptr;
};

// A queue of a device's work. Can be moved, not copied.
class Stream {
 public:
  // One of the device's pool; lower priorities run first.
  explicit Stream(const Device& device, int32_t priority = 0) {
    detail::check(tensor_stream_new(device.raw(), priority, &handle_));
  }
  static Stream current(const Device& device) { return Stream(tensor_stream_current, device); }
  static Stream default_of(const Device& device) { return Stream(tensor_stream_default, device); }
  ~Stream() { tensor_stream_release(handle_); }
  Stream(Stream&& other) noexcept { std::swap(handle_, other.handle_); }
  Stream& operator=(Stream&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  Device device() const {
    tensor_device_t found;
    detail::check(tensor_stream_device(handle_, &found));
    return Device(found);
  }
  // The cudaStream_t.
  void* native() const {
    void* found;
    detail::check(tensor_stream_native(handle_, &found));
    return found;
  }
  void set_current() const { detail::check(tensor_stream_set_current(handle_)); }
  void synchronize() const { detail::check(tensor_stream_synchronize(handle_)); }
  bool query() const {
    bool done;
    detail::check(tensor_stream_query(handle_, &done));
    return done;
  }
  void record(const Event& event) const {
    detail::check(tensor_event_record(event.handle(), handle_));
  }
  void wait(const Event& event) const {
    detail::check(tensor_stream_wait_event(handle_, event.handle()));
  }
  // Later work waits for what the other stream has been given so far.
  void wait(const Stream& other) const {
    const Event event(other.device());
    other.record(event);
    wait(event);
  }
  // The tensor's memory, once given back, is kept until this stream's work so far is done.
  void uses(const Tensor& t) const { detail::check(tensor_record_stream(t.handle(), handle_)); }

 private:
  Stream(decltype(&tensor_stream_current) function, const Device& device) {
    detail::check(function(device.raw(), &handle_));
  }

  tensor_stream_t* handle_ = nullptr;
};

// This thread's operations on the stream's device go there while it lives.
class StreamGuard {
 public:
  explicit StreamGuard(const Stream& stream) : before_(Stream::current(stream.device())) {
    stream.set_current();
  }
  ~StreamGuard() {
    try {
      before_.set_current();
    } catch (const Error&) {
      // The device is gone.
    }
  }
  StreamGuard(const StreamGuard&) = delete;
  StreamGuard& operator=(const StreamGuard&) = delete;

 private:
  Stream before_;
};

inline bool is_pinned(const Tensor& t) {
  bool pinned;
  detail::check(tensor_is_pinned(t.handle(), &pinned));
  return pinned;
}

}  // namespace cuda
}  // namespace tensor

#endif  // TENSOR_CPP_CUDA_HPP
