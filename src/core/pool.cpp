#include "core/pool.h"

#include <cstdint>
#include <mutex>
#include <new>

#include "core/fork.h"
#include "core/thread_local.h"

namespace libtensor {
namespace {

// Under AddressSanitizer each object is an allocation of its own, so that a use after release is
// seen. ThreadSanitizer is to see the pool itself.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif
constexpr uint32_t kBatch =
    64;  // blocks that travel together between a thread and the shared lists

constexpr size_t kLine = 64;

void* new_block(size_t size) {
  return size % kLine == 0 ? ::operator new(size, std::align_val_t(kLine)) : ::operator new(size);
}
void delete_block(void* block, size_t size) {
  size % kLine == 0 ? ::operator delete(block, std::align_val_t(kLine)) : ::operator delete(block);
}

using Block = PoolList::Block;
using List = PoolList;
constexpr size_t kClasses = PoolCache::kClasses, kGranule = PoolCache::kGranule;

// Where threads put what they have too much of, and what they leave when they end.
struct Shared {
  ForkSafeMutex mutex{LockLevel::kPool};
  List lists[kClasses];

  ~Shared() {
    for (size_t i = 0; i < kClasses; ++i) {
      while (lists[i].count > 0) delete_block(lists[i].pop(), (i + 1) * kGranule);
    }
  }
};
Shared& shared() { return Eternal<Shared>::get(); }

void move_blocks(List& from, List& to, uint32_t count) {
  while (count-- > 0 && from.count > 0) to.push(from.pop());
}

}  // namespace

LIBTENSOR_FAST_THREAD_LOCAL PoolCache* pool_cache = nullptr;

PoolCache::~PoolCache() {
  pool_cache = nullptr;
  std::lock_guard lock(shared().mutex);
  for (size_t i = 0; i < kClasses; ++i) move_blocks(lists[i], shared().lists[i], lists[i].count);
}

namespace {

// Null where there is no memory for it: the thread can do without.
PoolCache* make_cache() noexcept {
  try {
    return pool_cache = make_for_thread<PoolCache>();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

void* pool_allocate_slowly(size_t size) {
  if (!kPooled || size > PoolCache::kMaxSize) return new_block(size);
  const size_t size_class = PoolCache::class_of(size), whole = (size_class + 1) * kGranule;
  PoolCache* const own = pool_cache ? pool_cache : make_cache();
  if (!own) return new_block(whole);
  List& list = own->lists[size_class];
  {
    std::lock_guard lock(shared().mutex);
    move_blocks(shared().lists[size_class], list, kBatch);
  }
  return list.count > 0 ? list.pop() : new_block(whole);
}

void pool_free_slowly(void* block, size_t size) noexcept {
  if (!kPooled || size > PoolCache::kMaxSize) return delete_block(block, size);
  const size_t size_class = PoolCache::class_of(size);
  PoolCache* const own = pool_cache ? pool_cache : make_cache();
  std::lock_guard lock(shared().mutex);
  List& list = shared().lists[size_class];
  list.push(static_cast<Block*>(block));
  if (own) move_blocks(own->lists[size_class], list, kBatch);
}

}  // namespace libtensor
