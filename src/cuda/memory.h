// Device memory and pinned memory of the host, from the library's caching allocators.
#pragma once

#include "core/plugin.h"
#include "cuda/context.h"
#include "memory/allocator.h"

namespace libtensor::cuda {

// Gives the device an allocator, by virtual memory where the device has it. Before anything else.
void open_memory(int device, const PluginHost& host);

// For the context's stream; nullptr for 0 bytes. Throws Error(kOutOfMemory).
void* allocate_memory(const Context& context, size_t bytes);
void free_memory(int device, void* data) noexcept;

void* allocate_pinned(size_t bytes);
void free_pinned(void* data) noexcept;
bool is_pinned(const void* data);

// Work given to the stream until now uses the block, of the device or pinned.
void record_use(const void* data, int device, cudaStream_t stream);

}  // namespace libtensor::cuda
