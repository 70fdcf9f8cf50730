// Device memory without the caching allocator, for tools such as compute-sanitizer, which know the
// bounds of what the driver gives out and nothing of blocks within:
// LIBTENSOR_NO_CUDA_MEMORY_CACHING, set to something other than 0 before a device is first used.
#pragma once

#include "cuda/context.h"

namespace libtensor::cuda {

bool no_memory_caching() noexcept;

// Straight from the driver. Throws Error(kOutOfMemory).
void* allocate_plain(const Context& context, size_t bytes);
// Waits for the device first, whichever streams use the block.
void free_plain(int device, void* data) noexcept;

}  // namespace libtensor::cuda
