// How the device's kernels add themselves to the registry.
#pragma once

#include "core/kernel_registry.h"
#include "cuda/context.h"
#include "cuda/streams.h"

namespace libtensor::cuda {

// `const CudaKernel<softmax> add_softmax;` in the file of
// `void softmax(const Context&, const SoftmaxCall&)`. It runs on its device, in the calling
// thread's current stream.
template <auto kernel>
struct CudaKernel;

template <class Call, void (*kernel)(const Context&, const Call&)>
struct CudaKernel<kernel> {
  CudaKernel() noexcept { add_kernel<Call>(DeviceType::kCuda, run); }

  static void run(Device device, const Call& call) {
    const DeviceGuard guard(device.index);
    kernel(Context{device.index, current_stream(device.index)}, call);
  }
};

}  // namespace libtensor::cuda
