// A GPU cannot be asked to check each use of its memory; the emulator can
// (tests/cuda_emulator/include/block_watch.h).
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

namespace libtensor::cuda {

inline constexpr bool kWatchesBlocks = false;
inline constexpr size_t kGuardBytes = 0;

inline void watch_segment(void*, size_t) {}
inline void watch_allocated(void*, size_t, cudaStream_t) {}
inline void watch_freed(void*, size_t, cudaStream_t) {}
struct [[maybe_unused]] AllocatorScope {
  ~AllocatorScope() {}
};

}  // namespace libtensor::cuda
