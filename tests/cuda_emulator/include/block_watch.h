// The emulator checks each use of the blocks that the allocator hands out. The counterpart for nvcc
// is src/cuda/nvidia/block_watch.h.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

namespace libtensor::cuda {

inline constexpr bool kWatchesBlocks = true;
inline constexpr size_t kGuardBytes = 64;  // beyond a block, to see what writes there

// Fresh memory of the allocator's: nobody's yet.
void watch_segment(void* data, size_t bytes);
// The stream's work from now on may use the block; it holds no values.
void watch_allocated(void* data, size_t bytes, cudaStream_t stream);
// Its work from now on may not; what nothing orders before this is a race.
void watch_freed(void* data, size_t bytes, cudaStream_t stream);

// While it lives, what the host learns about the devices' progress orders the allocator's own work
// only: that the allocator has happened to ask is no reason to do without a wait.
class AllocatorScope {
 public:
  AllocatorScope();
  ~AllocatorScope();
  AllocatorScope(const AllocatorScope&) = delete;
  AllocatorScope& operator=(const AllocatorScope&) = delete;

 private:
  bool before_;
};

}  // namespace libtensor::cuda
