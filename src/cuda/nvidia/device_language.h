// What differs between nvcc and the emulator (tests/cuda_emulator/include/device_language.h) in how
// kernels are written and started.
#pragma once

#include <cuda_runtime.h>

#include "cuda/launch_config.h"

namespace libtensor::cuda {

// The block's dynamic shared memory.
template <class T>
__device__ T* shared_memory() {
  extern __shared__ uint4 dynamic_shared_memory[];  // 16-byte aligned
  return reinterpret_cast<T*>(dynamic_shared_memory);
}

// Rounds towards zero: PTX's cvt.rzi, which saturates. NaN gives 0 where a float becomes 32 bits,
// and the least integer elsewhere.
template <class Integer, class Real>
__device__ Integer to_integer(Real value) {
  return static_cast<Integer>(value);
}

template <class... Parameters, class... Arguments>
cudaError_t start_kernel(void (*kernel)(Parameters...), const LaunchConfig& config,
                         Arguments&&... arguments) {
  // The runtime copies each argument as a parameter of just that type.
  const auto start = [&](Parameters... parameters) {
    void* addresses[] = {static_cast<void*>(&parameters)...};
    return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), config.grid, config.block,
                            addresses, config.shared_bytes, config.stream);
  };
  return start(static_cast<Arguments&&>(arguments)...);
}

}  // namespace libtensor::cuda
