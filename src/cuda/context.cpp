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

Scratch::Scratch(const Context& context, size_t bytes)
    : context_(context), bytes_(bytes), data_(allocate_memory(context, bytes)) {}
Scratch::~Scratch() { free_memory(context_, data_, bytes_); }

}  // namespace libtensor::cuda
