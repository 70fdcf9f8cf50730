// Free lists for the small objects that every operation makes and drops: tensors, storages, graph
// nodes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/thread_local.h"

namespace libtensor {

// A thread's free blocks of one size.
struct PoolList {
  struct Block {
    Block* next;
  };
  Block* head = nullptr;
  uint32_t count = 0;

  void push(Block* block) {
    block->next = head;
    head = block;
    ++count;
  }
  Block* pop() {
    Block* block = head;
    head = block->next;
    --count;
    return block;
  }
};

// Those of all sizes that the pool knows.
struct PoolCache {
  static constexpr size_t kGranule = 32, kMaxSize = 1024;
  static constexpr size_t kClasses = kMaxSize / kGranule;
  static constexpr uint32_t kMost = 256;  // of one size
  PoolList lists[kClasses];

  static size_t class_of(size_t size) { return (size - 1) / kGranule; }
  ~PoolCache();
};
// The calling thread's; null until it needs one.
extern LIBTENSOR_FAST_THREAD_LOCAL PoolCache* pool_cache;

// Where the thread's list is empty, or full, or there is none for that size.
void* pool_allocate_slowly(size_t size);
void pool_free_slowly(void* block, size_t size) noexcept;

// Memory for `size` bytes from the thread's free lists (operator new beyond 1 KiB): 64-byte aligned
// where the size is a multiple of 64, else 16-byte aligned. May be given back on any thread, with
// the same size. Throws std::bad_alloc. Every operation makes and drops some, of sizes that the
// compiler knows: so that is a few instructions in its place.
inline void* pool_allocate(size_t size) {
  PoolCache* const cache = pool_cache;
  if (size > PoolCache::kMaxSize || !cache) [[unlikely]]
    return pool_allocate_slowly(size);
  PoolList& list = cache->lists[PoolCache::class_of(size)];
  return list.count > 0 ? list.pop() : pool_allocate_slowly(size);
}
inline void pool_free(void* block, size_t size) noexcept {
  PoolCache* const cache = pool_cache;
  if (size > PoolCache::kMaxSize || !cache) [[unlikely]]
    return pool_free_slowly(block, size);
  PoolList& list = cache->lists[PoolCache::class_of(size)];
  if (list.count >= PoolCache::kMost) [[unlikely]]
    return pool_free_slowly(block, size);
  list.push(static_cast<PoolList::Block*>(block));
}

// Mixin: objects of T come from the pool. T's size must be known to whoever deletes it (final
// classes).
template <class T>
struct Pooled {
  static void* operator new(size_t size) { return pool_allocate(size); }
  static void operator delete(void* block, size_t size) noexcept { pool_free(block, size); }
};

}  // namespace libtensor
