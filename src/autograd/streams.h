// Streams in backward. A node works in the stream that was current on its device when its operation
// was recorded, as in PyTorch; a gradient that comes from another stream is waited for there. When
// the pass is done, the caller's current streams wait for all that it has used. The CPU has no
// streams: nothing here happens for it.
#pragma once

#include <utility>
#include <vector>

#include "core/device_runtime.h"
#include "core/tensor.h"

namespace libtensor::autograd {

// Makes a stream the thread's current one of a device, and puts the former one back.
class StreamGuard {
 public:
  StreamGuard(Device device, StreamId stream) {
    if (!device.is_cpu()) [[unlikely]]
      enter(device, stream);
  }
  ~StreamGuard() {
    if (runtime_) [[unlikely]]
      runtime_->set_current_stream(before_);
  }
  StreamGuard(const StreamGuard&) = delete;
  StreamGuard& operator=(const StreamGuard&) = delete;

 private:
  void enter(Device device, StreamId stream);

  DeviceRuntime* runtime_ = nullptr;
  StreamId before_ = 0;
};

// The calling thread's current stream of each CUDA device; 0 for one that is not in use.
class CurrentStreams {
 public:
  static CurrentStreams get();
  void set() const;
  StreamId of(Device device) const { return streams_[device.index]; }

 private:
  std::vector<StreamId> streams_;
};

// The streams of one backward pass.
class PassStreams {
 public:
  PassStreams() : caller_(CurrentStreams::get()) {}

  // The pass works there.
  void use(Device device, StreamId stream) {
    if (!device.is_cpu()) [[unlikely]]
      remember(device, stream);
  }
  // The gradient was made in the thread's current stream; work in `stream` will use it.
  void hand_over(const Tensor& gradient, StreamId stream) const {
    if (!gradient.device().is_cpu()) [[unlikely]]
      order(gradient, stream);
  }
  // The caller will use it.
  void leave(const Tensor& tensor) const {
    if (!tensor.device().is_cpu()) [[unlikely]]
      keep_for_caller(tensor);
  }
  // The caller's streams wait for the others from now on.
  void join();

 private:
  void remember(Device device, StreamId stream);
  void order(const Tensor& gradient, StreamId stream) const;
  void keep_for_caller(const Tensor& tensor) const;

  CurrentStreams caller_;
  std::vector<std::pair<Device, StreamId>> used_;  // besides the caller's
};

}  // namespace libtensor::autograd
