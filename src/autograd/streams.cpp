#include "autograd/streams.h"

#include <algorithm>

namespace libtensor::autograd {
namespace {

Device cuda_device(size_t index) { return {DeviceType::kCuda, static_cast<int16_t>(index)}; }

}  // namespace

void StreamGuard::enter(Device device, StreamId stream) {
  Backend& backend = backend_for(device);
  before_ = backend.current_stream();
  if (before_ == stream) return;
  backend.set_current_stream(stream);
  backend_ = &backend;
}

CurrentStreams CurrentStreams::get() {
  CurrentStreams all;
  const auto count = static_cast<size_t>(device_count(DeviceType::kCuda));
  all.streams_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    Backend* const backend = opened_backend(cuda_device(i));
    all.streams_.push_back(backend ? backend->current_stream() : 0);
  }
  return all;
}

void CurrentStreams::set() const {
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (Backend* const backend = opened_backend(cuda_device(i))) {
      backend->set_current_stream(streams_[i]);
    }
  }
}

void PassStreams::remember(Device device, StreamId stream) {
  const std::pair here{device, stream};
  if (stream == caller_.of(device) || std::ranges::find(used_, here) != used_.end()) return;
  used_.push_back(here);
}

void PassStreams::order(const Tensor& gradient, StreamId stream) const {
  Backend& backend = backend_for(gradient.device());
  const StreamId here = backend.current_stream();
  if (here == stream) return;
  backend.wait_stream(stream, here);
  backend.record_stream(gradient.storage().data(), stream);
}

void PassStreams::keep_for_caller(const Tensor& tensor) const {
  backend_for(tensor.device()).record_stream(tensor.storage().data(), caller_.of(tensor.device()));
}

void PassStreams::join() {
  for (const auto& [device, stream] : used_) {
    backend_for(device).wait_stream(caller_.of(device), stream);
  }
  used_.clear();
}

}  // namespace libtensor::autograd
