#include "memory/host_memory.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "core/pool.h"
#include "core/thread_local.h"
#include "memory/host_provider.h"
#include "memory/poison.h"

namespace libtensor {
namespace {

using memory::CachingAllocator;

constexpr size_t kPooled = 1024;            // up to here, blocks come from the thread's pool
constexpr size_t kLarge = size_t{1} << 20;  // from here, blocks are worth looking after
constexpr size_t kKept = size_t{32} << 20;  // unused bytes that are never given back
constexpr uint64_t kPatience = 1;           // seconds for which more may lie unused
constexpr int kArenas = 4;                  // threads that allocate small blocks side by side

size_t pooled_size(size_t bytes) { return bytes == 0 ? 64 : (bytes + 63) / 64 * 64; }

// Small blocks of different threads come from different arenas, so that the threads do not wait for
// each other; large ones from one, so that any thread can use what another has freed.
LIBTENSOR_FAST_THREAD_LOCAL int8_t thread_arena = -1;

memory::Stream arena_for(size_t bytes) {
  if (bytes >= kLarge) return 0;
  if (thread_arena < 0) {
    static std::atomic<unsigned> threads{0};
    thread_arena = static_cast<int8_t>(threads.fetch_add(1, std::memory_order_relaxed) % kArenas);
  }
  return static_cast<memory::Stream>(thread_arena);
}

// What is not used for a while goes back to the system. There is no thread for that: each large
// block that is freed looks whether a second has gone by, and then gives back what no large block
// needed in all that time.
class Decay {
 public:
  void allocated(CachingAllocator& allocator) {
    const size_t active = allocator.active_bytes();
    size_t most = most_.load(std::memory_order_relaxed);
    while (active > most && !most_.compare_exchange_weak(most, active, std::memory_order_relaxed)) {
    }
  }
  void freed(CachingAllocator& allocator) noexcept {
    const size_t unused = allocator.reserved_bytes() - allocator.active_bytes();
    if (unused <= kKept) return;
    uint64_t then = since_.load(std::memory_order_relaxed);
    const uint64_t now = seconds();
    size_t keep = most_.load(std::memory_order_relaxed) + kKept;
    if (unused <= most_unused_ && now - then <= kPatience) return;
    if (now - then > kPatience && since_.compare_exchange_strong(then, now)) {
      most_.store(allocator.active_bytes(), std::memory_order_relaxed);
    }
    if (unused > most_unused_) keep = std::min(keep, allocator.active_bytes() + most_unused_);
    try {
      if (keep < allocator.reserved_bytes()) allocator.trim(keep);
    } catch (const std::bad_alloc&) {
      // Another time.
    }
  }

 private:
  static uint64_t seconds() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return static_cast<uint64_t>(time.tv_sec);
  }

  std::atomic<size_t> most_{0};  // active bytes since the last look
  std::atomic<uint64_t> since_{seconds()};
  const size_t most_unused_ =
      static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) / 4 *
      static_cast<size_t>(sysconf(_SC_PAGESIZE));  // a quarter of the machine
};

struct Host {
  memory::ReplaceableProvider* provider =
      new memory::ReplaceableProvider(std::make_unique<memory::HostProvider>());
  CachingAllocator allocator{std::unique_ptr<memory::MemoryProvider>(provider), "cpu"};
  Decay decay;
};

Host& host() { return Eternal<Host>::get(); }

}  // namespace

CachingAllocator& host_allocator() { return host().allocator; }

void replace_host_source(std::shared_ptr<memory::Source> source) {
  host().provider->replace(std::move(source));
  try {
    host().allocator.empty_cache();
  } catch (const std::bad_alloc&) {
    // What is cached goes back another time.
  }
}

void* host_allocate(size_t bytes) {
  if (bytes <= kPooled) return pool_allocate(pooled_size(bytes));
  Host& instance = host();
  void* const data = instance.allocator.allocate(bytes, arena_for(bytes));
  memory::unpoison(data, bytes);
  if (bytes >= kLarge) instance.decay.allocated(instance.allocator);
  return data;
}

void host_free(void* data, size_t bytes) noexcept {
  if (!data) return;
  if (bytes <= kPooled) return pool_free(data, pooled_size(bytes));
  Host& instance = host();
  memory::poison(data, bytes);
  instance.allocator.free(data);
  if (bytes >= kLarge) instance.decay.freed(instance.allocator);
}

}  // namespace libtensor
