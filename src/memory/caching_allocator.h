// The one allocator of the library: keeps what is freed, for the next allocation, and orders reuse
// by streams. See docs/allocator.md.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/fork.h"
#include "memory/allocator.h"
#include "memory/arena.h"
#include "memory/history.h"
#include "memory/live_blocks.h"
#include "memory/policy.h"
#include "memory/provider.h"
#include "memory/statistics.h"
#include "memory/tags.h"

namespace libtensor::memory {

// One device's memory. Any function may be called from any thread.
//
// Locks: an arena's mutex for what happens on its stream; `growth_`, taken before any arena's, for
// all that changes memory, and for holding several arenas' (in the order of their list).
class CachingAllocator final : public Allocator {
 public:
  // `name` is for messages: "cuda:0".
  CachingAllocator(std::unique_ptr<MemoryProvider> provider, std::string name);
  // Waits for the device and gives everything back; blocks that still live are gone too.
  ~CachingAllocator();
  CachingAllocator(const CachingAllocator&) = delete;
  CachingAllocator& operator=(const CachingAllocator&) = delete;

  void* allocate(size_t bytes, Stream stream) override;
  void* allocate(size_t bytes) { return allocate(bytes, 0); }
  bool free(void* data) noexcept override;
  bool record_stream(const void* data, Stream stream) override;
  bool owns(const void* data) override;

  // Gives back to the device all that nobody uses; waits for the device where it must.
  void empty_cache();
  // Gives back what is unused and past, as far as needed to keep `bytes` reserved at most. Does not
  // wait.
  void trim(size_t bytes);
  // Has so much cached for the stream that the next allocation of that size needs no more memory,
  // unless another thread takes it. Throws as allocate does.
  void provide(size_t bytes, Stream stream) { free(allocate(bytes, stream)); }

  // At most so many bytes are reserved; SIZE_MAX: no limit. What is reserved beyond it stays until
  // it is freed.
  void set_budget(size_t bytes) { budget_.store(bytes, std::memory_order_relaxed); }
  size_t budget() const { return budget_.load(std::memory_order_relaxed); }

  // Called when memory is short, before an allocation fails, without any lock: may free blocks.
  // True: it has done something, so that trying again makes sense.
  using PressureCallback = std::function<bool(size_t bytes)>;
  void set_pressure_callback(PressureCallback callback);

  TagAccounts& tags() { return tags_; }

  // The last `max_events` events are kept from now on; 0: none.
  void record_history(size_t max_events);
  std::shared_ptr<History> history();  // nullptr: none is kept

  size_t active_bytes() const { return active_.now(); }
  size_t reserved_bytes() const { return reserved_.now(); }
  DeviceStatistics statistics();
  struct OfStream {
    Stream stream;
    StreamStatistics statistics;
  };
  std::vector<OfStream> stream_statistics();
  void reset_peaks();

  const std::string& name() const { return name_; }
  MemoryProvider& provider() { return *provider_; }

  // Visits each block, by stream and address; no block changes meanwhile.
  template <class Visit>
  void for_each_block(Visit visit) {
    for_each_arena([&](Arena& arena) {
      std::lock_guard lock(arena.mutex);
      arena.for_each_block([&](const Block& block) { visit(arena.stream(), block); });
    });
  }

 private:
  struct ArenaNode {
    ArenaNode(MemoryProvider& provider, Stream stream, SharedLevel& active)
        : arena(provider, stream, active) {}
    Arena arena;
    ArenaNode* next = nullptr;  // of all
    ArenaNode* next_in_bucket = nullptr;
  };
  static constexpr int kBucketBits = 6;

  Arena& arena_of(Stream stream);
  Arena& make_arena(Stream stream);
  template <class Visit>
  void for_each_arena(Visit visit) {
    for (ArenaNode* node = arenas_.load(std::memory_order_acquire); node; node = node->next) {
      visit(node->arena);
    }
  }

  // caching_allocator.cpp
  Block* take_cached(Arena& arena, size_t size, size_t bytes);
  Block* take(Arena& arena, Block* block, size_t size, size_t bytes);
  void* hand_out(Block* block);
  void charge(size_t bytes);
  void note(const History::Event& event) noexcept;
  void give_back(Block* block) noexcept;
  size_t capacity() const;
  void apply(const Change& change);

  // growth.cpp, with growth_ held but for allocate_slowly
  struct Attempt {
    Block* block = nullptr;
    size_t missing = 0;  // without a block: bytes that should be taken back first; 0: no use
    Span keep;           // but not from here
  };
  struct Counted;
  struct Returning;
  class Growth;
  class Fetched;
  Block* allocate_slowly(Arena& arena, size_t size, size_t bytes);
  Block* try_all(Arena& arena, size_t size, size_t bytes, bool* reclaimed, Fetched& fetched);
  Attempt try_to_grow(Arena& arena, size_t size, size_t bytes, bool reclaimed, Fetched& fetched);
  Attempt grow_virtual(Arena& arena, size_t size, bool reclaimed);
  bool reserve_addresses(Arena& arena, size_t size);
  Attempt grow_plain(Arena& arena, size_t size, bool reclaimed, Fetched& fetched);
  bool wants_cut(const Arena& arena, const Block* block, size_t size) const;
  void cut(Arena& arena, Block* block, size_t size);
  Outlook outlook(size_t size);
  void forget_refusal();
  size_t reclaim(size_t bytes, const Arena* own, Span keep);
  void collect(size_t bytes, const Arena* own, Span keep, Change* change,
               std::vector<Returned>* returned);
  bool wait_for_device();

  // out_of_memory.cpp
  bool call_pressure(size_t bytes);
  [[noreturn]] void fail_out_of_memory(size_t bytes);
  [[noreturn]] void fail_over_tag_budget(size_t bytes);
  std::string largest_holders();

  const std::unique_ptr<MemoryProvider> provider_;
  const ProviderProperties properties_;
  const size_t total_;  // of the device
  const std::string name_;

  std::array<std::atomic<ArenaNode*>, 1 << kBucketBits> buckets_{};
  std::atomic<ArenaNode*> arenas_{nullptr};
  LiveBlocks live_;
  std::atomic<size_t> budget_{SIZE_MAX};
  std::atomic<bool> tight_{false};

  alignas(64) SharedLevel allocated_;
  SharedLevel active_;

  alignas(64) ForkSafeMutex growth_{LockLevel::kMemory};
  SharedLevel reserved_;
  size_t refused_at_ = SIZE_MAX;  // reserved when the driver last had no more; SIZE_MAX: it has
  std::atomic<uint64_t> device_calls_{0}, waits_{0}, pressure_calls_{0}, failures_{0};
  ForkSafeMutex callback_mutex_{LockLevel::kMemory};
  std::shared_ptr<const PressureCallback> pressure_;
  std::shared_ptr<History> history_;
  std::atomic<bool> recording_{false};
  TagAccounts tags_;
};

}  // namespace libtensor::memory
