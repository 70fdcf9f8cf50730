#include "cuda/context.h"

#include "cuda/check.h"
#include "cuda/memory.h"

namespace libtensor::cuda {

DeviceGuard::DeviceGuard(int device) {
  check_cuda(cudaGetDevice(&before_), "cudaGetDevice");
  if (before_ == device) return;
  check_cuda(cudaSetDevice(device), "cudaSetDevice");
  changed_ = true;
}

DeviceGuard::~DeviceGuard() {
  if (changed_) cudaSetDevice(before_);
}

QuietGuard::QuietGuard(int device) noexcept {
  cudaGetDevice(&before_);
  if (before_ != device) cudaSetDevice(device);
  changed_ = before_ != device;
}

QuietGuard::~QuietGuard() {
  if (changed_) cudaSetDevice(before_);
}

Scratch::Scratch(const Context& context, size_t bytes)
    : device_(context.device), data_(allocate_memory(context, bytes)) {}
Scratch::~Scratch() { free_memory(device_, data_); }

}  // namespace libtensor::cuda
