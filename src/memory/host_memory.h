// Host memory for tensors' elements: the caching allocator over the system's memory, and pools for
// small blocks.
#pragma once

#include <cstddef>
#include <memory>

#include "memory/caching_allocator.h"
#include "memory/replaceable_provider.h"

namespace libtensor {

// 64-byte aligned, not initialised; `bytes` may be 0. Throws Error(kOutOfMemory).
void* host_allocate(size_t bytes);
// `bytes` is what was asked for. `data` may be null.
void host_free(void* data, size_t bytes) noexcept;

// Blocks of more than 1 KiB come from here; smaller ones are not counted.
memory::CachingAllocator& host_allocator();

// They get their memory from here from now on; nullptr: from the system.
void replace_host_source(std::shared_ptr<memory::Source> source);

}  // namespace libtensor
