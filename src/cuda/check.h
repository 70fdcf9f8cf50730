// CUDA's errors become ours.
#pragma once

#include <cuda_runtime.h>

namespace libtensor::cuda {

[[noreturn, gnu::cold]] void fail_with(cudaError_t error, const char* operation);

// Throws Error with the operation's name unless all went well.
inline void check_cuda(cudaError_t error, const char* operation) {
  if (error != cudaSuccess) [[unlikely]]
    fail_with(error, operation);
}

}  // namespace libtensor::cuda
