// Where and how a kernel runs.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <source_location>

namespace libtensor::cuda {

struct LaunchConfig {
  const char* operation;  // for messages; lives as long as the process
  dim3 grid, block;
  size_t shared_bytes;  // of dynamic shared memory: all that our kernels use
  cudaStream_t stream;
  std::source_location where;

  LaunchConfig(const char* name, cudaStream_t queue, dim3 blocks, dim3 threads, size_t shared = 0,
               std::source_location here = std::source_location::current())
      : operation(name),
        grid(blocks),
        block(threads),
        shared_bytes(shared),
        stream(queue),
        where(here) {}
};

}  // namespace libtensor::cuda
