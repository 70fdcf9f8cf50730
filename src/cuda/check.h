// CUDA's errors become ours.
#pragma once

#include <cuda_runtime.h>

namespace libtensor::cuda {

// Has the device failed for good? After such an error it runs nothing any more, and every later
// call in the process gives the error again.
bool is_lost(cudaError_t error) noexcept;

// In a forked child of a process that had loaded the plug-in, CUDA's driver can do nothing: says so
// and what to do.
void check_not_forked();

[[noreturn, gnu::cold]] void fail_with(cudaError_t error, const char* operation);

// Throws Error with the operation's name unless all went well.
inline void check_cuda(cudaError_t error, const char* operation) {
  if (error != cudaSuccess) [[unlikely]]
    fail_with(error, operation);
}

}  // namespace libtensor::cuda
