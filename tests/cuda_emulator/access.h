// The check of each access to memory that a kernel or a copy makes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shadow.h"

namespace cuda_emulator {

enum class Access { kRead, kWrite, kAtomic };

// By a thread of the running kernel, or by the host. Memory that is nobody's business costs two
// comparisons.
void check_access(const void* address, size_t size, Access access);

// By an operation without threads: a copy, a library's routine.
void check_whole(const void* address, size_t size, Access access);
// A copy from device to device hands on which bytes have a value, as it does with the bytes.
void check_copy(void* to, const void* from, size_t size);
// Memory that its owner gives back: a write of no value, where anything was used.
void check_free(const void* data, size_t size);
// A read whose bytes without a value are no mistake.
void check_read_any(const void* address, size_t size);

// How often a host has touched device memory, or a kernel the host's: reported, with its place.
void note_pinned(void* data, size_t bytes, bool live);

}  // namespace cuda_emulator
