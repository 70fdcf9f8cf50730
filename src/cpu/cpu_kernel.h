// How the CPU's kernels add themselves to the registry.
#pragma once

#include "core/kernel_registry.h"

namespace libtensor::cpu {

// `const CpuKernel<softmax> add_softmax;` in the file of `void softmax(const SoftmaxCall&)`.
template <auto kernel>
struct CpuKernel;

template <class Call, void (*kernel)(const Call&)>
struct CpuKernel<kernel> {
  CpuKernel() noexcept {
    add_kernel<Call>(DeviceType::kCpu, [](Device, const Call& call) { kernel(call); });
  }
};

}  // namespace libtensor::cpu
