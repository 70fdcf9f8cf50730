// Device memory.
#pragma once

#include "cuda/context.h"

namespace libtensor::cuda {

// nullptr for 0 bytes. Throws Error(kOutOfMemory).
void* allocate_memory(const Context& context, size_t bytes);
void free_memory(const Context& context, void* data, size_t bytes) noexcept;

}  // namespace libtensor::cuda
