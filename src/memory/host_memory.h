// Host memory for tensors' elements.
#pragma once

#include <cstddef>

namespace libtensor {

// 64-byte aligned, not initialised; `bytes` may be 0. Throws Error(kOutOfMemory).
void* host_allocate(size_t bytes);
// `bytes` is what was asked for. `data` may be null.
void host_free(void* data, size_t bytes) noexcept;

}  // namespace libtensor
