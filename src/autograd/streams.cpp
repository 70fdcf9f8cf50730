#include "autograd/streams.h"

#include <algorithm>

namespace libtensor::autograd {
namespace {

Device cuda_device(size_t index) { return {DeviceType::kCuda, static_cast<int16_t>(index)}; }

}  // namespace

void StreamGuard::enter(Device device, StreamId stream) {
  DeviceRuntime& runtime = runtime_for(device);
  before_ = runtime.current_stream();
  if (before_ == stream) return;
  runtime.set_current_stream(stream);
  runtime_ = &runtime;
}

CurrentStreams CurrentStreams::get() {
  CurrentStreams all;
  const auto count = static_cast<size_t>(device_count(DeviceType::kCuda));
  all.streams_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    DeviceRuntime* const runtime = opened_runtime(cuda_device(i));
    all.streams_.push_back(runtime ? runtime->current_stream() : 0);
  }
  return all;
}

void CurrentStreams::set() const {
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (DeviceRuntime* const runtime = opened_runtime(cuda_device(i))) {
      runtime->set_current_stream(streams_[i]);
    }
  }
}

void PassStreams::remember(Device device, StreamId stream) {
  const std::pair here{device, stream};
  if (stream == caller_.of(device) || std::ranges::find(used_, here) != used_.end()) return;
  used_.push_back(here);
}

void PassStreams::order(const Tensor& gradient, StreamId stream) const {
  DeviceRuntime& runtime = runtime_for(gradient.device());
  const StreamId here = runtime.current_stream();
  if (here == stream) return;
  runtime.wait_stream(stream, here);
  runtime.record_stream(gradient.storage().data(), stream);
}

void PassStreams::keep_for_caller(const Tensor& tensor) const {
  runtime_for(tensor.device()).record_stream(tensor.storage().data(), caller_.of(tensor.device()));
}

void PassStreams::join() {
  for (const auto& [device, stream] : used_) {
    runtime_for(device).wait_stream(caller_.of(device), stream);
  }
  used_.clear();
}

}  // namespace libtensor::autograd
