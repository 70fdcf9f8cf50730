// Free lists for the small objects that every operation makes and drops: tensors, storages, graph
// nodes.
#pragma once

#include <cstddef>

namespace libtensor {

// Memory for `size` bytes from the thread's free lists (operator new beyond 1 KiB): 64-byte aligned
// where the size is a multiple of 64, else 16-byte aligned. May be given back on any thread, with
// the same size. Throws std::bad_alloc.
void* pool_allocate(size_t size);
void pool_free(void* block, size_t size) noexcept;

// Mixin: objects of T come from the pool. T's size must be known to whoever deletes it (final
// classes).
template <class T>
struct Pooled {
  static void* operator new(size_t size) { return pool_allocate(size); }
  static void operator delete(void* block, size_t size) noexcept { pool_free(block, size); }
};

}  // namespace libtensor
