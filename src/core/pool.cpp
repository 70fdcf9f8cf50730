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
constexpr size_t kGranule = 32;
constexpr size_t kMaxSize = 1024;
constexpr int kClasses = kMaxSize / kGranule;
constexpr uint32_t kBatch =
    64;  // blocks that travel together between a thread and the shared lists

constexpr size_t kLine = 64;

void* new_block(size_t size) {
  return size % kLine == 0 ? ::operator new(size, std::align_val_t(kLine)) : ::operator new(size);
}
void delete_block(void* block, size_t size) {
  size % kLine == 0 ? ::operator delete(block, std::align_val_t(kLine)) : ::operator delete(block);
}

struct Block {
  Block* next;
};

struct List {
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

// Where threads put what they have too much of, and what they leave when they end.
struct Shared {
  ForkSafeMutex mutex{LockLevel::kPool};
  List lists[kClasses];

  ~Shared() {
    for (int i = 0; i < kClasses; ++i) {
      while (lists[i].count > 0) delete_block(lists[i].pop(), (i + 1) * kGranule);
    }
  }
};
Shared& shared() { return Eternal<Shared>::get(); }

void move_blocks(List& from, List& to, uint32_t count) {
  while (count-- > 0 && from.count > 0) to.push(from.pop());
}

struct Cache {
  List lists[kClasses];

  ~Cache();
};

LIBTENSOR_FAST_THREAD_LOCAL Cache* cache = nullptr;

Cache::~Cache() {
  cache = nullptr;
  std::lock_guard lock(shared().mutex);
  for (int i = 0; i < kClasses; ++i) move_blocks(lists[i], shared().lists[i], lists[i].count);
}

// Null where there is no memory for it: the thread can do without.
[[gnu::noinline]] Cache* make_cache() noexcept {
  try {
    return cache = make_for_thread<Cache>();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

[[gnu::noinline, maybe_unused]] void* refill(size_t size_class) {
  Cache* own = cache ? cache : make_cache();
  const size_t size = (size_class + 1) * kGranule;
  if (!own) return new_block(size);
  List& list = own->lists[size_class];
  {
    std::lock_guard lock(shared().mutex);
    move_blocks(shared().lists[size_class], list, kBatch);
  }
  if (list.count == 0) return new_block(size);
  return list.pop();
}

[[gnu::noinline, maybe_unused]] void give_back(Block* block, size_t size_class) noexcept {
  Cache* own = cache ? cache : make_cache();
  std::lock_guard lock(shared().mutex);
  List& list = shared().lists[size_class];
  list.push(block);
  if (own) move_blocks(own->lists[size_class], list, kBatch);
}

}  // namespace

void* pool_allocate(size_t size) {
  if (!kPooled || size > kMaxSize) return new_block(size);
  const size_t size_class = (size - 1) / kGranule;
  if (cache && cache->lists[size_class].count > 0) [[likely]]
    return cache->lists[size_class].pop();
  return refill(size_class);
}

void pool_free(void* block, size_t size) noexcept {
  if (!kPooled || size > kMaxSize) return delete_block(block, size);
  const size_t size_class = (size - 1) / kGranule;
  if (cache && cache->lists[size_class].count < 4 * kBatch) [[likely]]
    return cache->lists[size_class].push(static_cast<Block*>(block));
  give_back(static_cast<Block*>(block), size_class);
}

}  // namespace libtensor
