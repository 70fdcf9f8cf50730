#include "memory/caching_allocator.h"

#include <algorithm>
#include <new>
#include <utility>

#include "memory/calls_nobody.h"
#include "memory/context.h"

namespace libtensor::memory {

namespace {

constexpr size_t kAddressSpace = size_t{1} << 47;  // no request beyond it can be met
// An event closes a stream's epoch when so much has been freed in it, or a 32nd of what is
// reserved: often enough that memory can be taken back soon, seldom enough that events cost
// nothing.
constexpr size_t kMarkEvery = size_t{32} << 20;

}  // namespace

CachingAllocator::CachingAllocator(std::unique_ptr<MemoryProvider> provider, std::string name)
    : provider_(std::move(provider)),
      properties_(provider_->properties()),
      total_(provider_->info().total),
      name_(std::move(name)) {}

CachingAllocator::~CachingAllocator() {
  try {
    empty_cache();
  } catch (const std::bad_alloc&) {
    // Then it goes with the arenas.
  }
  while (ArenaNode* node = arenas_.load()) {
    arenas_.store(node->next);
    delete node;
  }
  provider_->return_freed();
}

Arena& CachingAllocator::arena_of(Stream stream) {
  const size_t bucket = (stream * 0x9E3779B97F4A7C15u) >> (64 - kBucketBits);
  ArenaNode* node = buckets_[bucket].load(std::memory_order_acquire);
  while (node && node->arena.stream() != stream) node = node->next_in_bucket;
  return node ? node->arena : make_arena(stream);
}

Arena& CachingAllocator::make_arena(Stream stream) {
  std::lock_guard lock(growth_);
  auto& bucket = buckets_[(stream * 0x9E3779B97F4A7C15u) >> (64 - kBucketBits)];
  for (ArenaNode* node = bucket.load(); node; node = node->next_in_bucket) {
    if (node->arena.stream() == stream) return node->arena;  // another thread was first
  }
  // Made under the lock, so that the list has the newest first: the order in which fork locks them.
  auto fresh = std::make_unique<ArenaNode>(*provider_, stream, active_);
  fresh->next = arenas_.load();
  fresh->next_in_bucket = bucket.load();
  arenas_.store(fresh.get(), std::memory_order_release);
  bucket.store(fresh.get(), std::memory_order_release);
  return fresh.release()->arena;
}

void* CachingAllocator::allocate(size_t bytes, Stream stream) {
  if (bytes > kAddressSpace) fail_out_of_memory(bytes);
  const size_t unit = properties_.alignment;
  const size_t guard = bytes < properties_.granularity ? properties_.guard : 0;
  const size_t size = (std::max<size_t>(bytes, 1) + guard + unit - 1) & ~(unit - 1);
  Arena& arena = arena_of(stream);
  if (current_tag != 0) charge(bytes);
  Block* block = nullptr;
  try {
    block = take_cached(arena, size, bytes);
    if (!block) block = allocate_slowly(arena, size, bytes);
  } catch (...) {
    if (current_tag != 0) tags_.release(current_tag, bytes);
    throw;
  }
  return hand_out(block);
}

// Counts the bytes for the thread's tag.
void CachingAllocator::charge(size_t bytes) {
  while (!tags_.charge(current_tag, bytes)) {
    if (calls_nobody) throw WouldCall{*this, bytes, 0};
    if (!call_pressure(bytes)) fail_over_tag_budget(bytes);
  }
}

Block* CachingAllocator::take_cached(Arena& arena, size_t size, size_t bytes) {
  std::lock_guard lock(arena.mutex);
  if (arena.has_waiting()) arena.poll_waiting();
  Block* const block = arena.free.find(size);
  if (!block || wants_cut(arena, block, size)) return nullptr;
  return take(arena, block, size, bytes);
}

Block* CachingAllocator::take(Arena& arena, Block* block, size_t size, size_t bytes) {
  arena.take(block, size);
  block->requested = bytes;
  block->tag = current_tag;
  block->operation = current_operation;
  arena.statistics.allocated.add(bytes);
  arena.statistics.active.add(size);
  ++arena.statistics.allocations;
  return block;
}

void* CachingAllocator::hand_out(Block* block) {
  allocated_.add(block->requested);
  active_.add(block->size);
  try {
    live_.insert(block);
  } catch (...) {
    give_back(block);
    throw;
  }
  if (properties_.watches) [[unlikely]] {
    provider_->watch_allocated(reinterpret_cast<void*>(block->address), block->requested,
                               block->arena->stream());
  }
  if (recording_.load(std::memory_order_relaxed)) [[unlikely]] {
    note({'a', block->tag, block->address, block->requested, block->arena->stream(),
          block->operation});
  }
  return reinterpret_cast<void*>(block->address);
}

bool CachingAllocator::free(void* data) noexcept {
  Block* const block = live_.remove(reinterpret_cast<uintptr_t>(data));
  if (!block) return false;
  if (recording_.load(std::memory_order_relaxed)) [[unlikely]] {
    note({'f', 0, block->address, 0, 0, nullptr});
  }
  give_back(block);
  return true;
}

void CachingAllocator::give_back(Block* block) noexcept {
  Arena& arena = *block->arena;
  const size_t size = block->size;
  for (OtherUse* use = block->uses; use; use = use->next) {
    use->event = provider_->record(use->stream);
  }
  if (properties_.watches && !block->uses) [[unlikely]] {
    provider_->watch_freed(reinterpret_cast<void*>(block->address), block->requested,
                           arena.stream());
  }
  allocated_.subtract(block->requested);
  if (block->tag != 0) tags_.release(block->tag, block->requested);
  std::lock_guard lock(arena.mutex);
  arena.statistics.allocated.subtract(block->requested);
  ++arena.statistics.frees;
  if (block->uses) return arena.put_off(block);
  active_.subtract(size);
  arena.statistics.active.subtract(size);
  arena.give_back(block);
  if (properties_.streams && arena.order.freed(size) > std::max(kMarkEvery, reserved_.now() / 32)) {
    arena.order.mark();
    arena.order.poll();
  }
}

bool CachingAllocator::record_stream(const void* data, Stream stream) {
  if (!properties_.streams) return true;
  auto fresh = std::make_unique<OtherUse>();
  fresh->stream = stream;
  const auto address = reinterpret_cast<uintptr_t>(data);
  const bool found = live_.find(address, [&](Block* block) {
    if (block->arena->stream() == stream) return;
    for (const OtherUse* use = block->uses; use; use = use->next) {
      if (use->stream == stream) return;
    }
    fresh->next = block->uses;
    block->uses = fresh.release();
  });
  if (found && recording_.load(std::memory_order_relaxed)) [[unlikely]] {
    note({'r', 0, address, 0, stream, nullptr});
  }
  return found;
}

bool CachingAllocator::owns(const void* data) {
  return live_.find(reinterpret_cast<uintptr_t>(data), [](Block*) {});
}

void CachingAllocator::record_history(size_t max_events) {
  auto fresh = max_events > 0 ? std::make_shared<History>(max_events) : nullptr;
  std::lock_guard lock(callback_mutex_);
  recording_.store(fresh != nullptr, std::memory_order_relaxed);
  history_.swap(fresh);
}

std::shared_ptr<History> CachingAllocator::history() {
  std::lock_guard lock(callback_mutex_);
  return history_;
}

void CachingAllocator::note(const History::Event& event) noexcept {
  if (const auto kept = history()) kept->add(event);
}

size_t CachingAllocator::capacity() const {
  return std::min(total_, budget_.load(std::memory_order_relaxed));
}

void CachingAllocator::apply(const Change& change) {
  reserved_.subtract(change.removed);
  reserved_.add(change.added);
  device_calls_.fetch_add(change.calls, std::memory_order_relaxed);
}

DeviceStatistics CachingAllocator::statistics() {
  DeviceStatistics sum;
  for_each_arena([&](Arena& arena) {
    std::lock_guard lock(arena.mutex);
    sum.allocations += arena.statistics.allocations;
    sum.frees += arena.statistics.frees;
  });
  sum.allocated = allocated_.level();
  sum.active = active_.level();
  sum.reserved = reserved_.level();
  sum.device_calls = device_calls_.load(std::memory_order_relaxed);
  sum.waits = waits_.load(std::memory_order_relaxed);
  sum.pressure_calls = pressure_calls_.load(std::memory_order_relaxed);
  sum.out_of_memory = failures_.load(std::memory_order_relaxed);
  sum.capacity = capacity();
  return sum;
}

std::vector<CachingAllocator::OfStream> CachingAllocator::stream_statistics() {
  std::vector<OfStream> all;
  for_each_arena([&](Arena& arena) {
    std::lock_guard lock(arena.mutex);
    all.push_back({arena.stream(), arena.statistics});
  });
  std::sort(all.begin(), all.end(),
            [](const OfStream& a, const OfStream& b) { return a.stream < b.stream; });
  return all;
}

void CachingAllocator::reset_peaks() {
  for_each_arena([](Arena& arena) {
    std::lock_guard lock(arena.mutex);
    arena.statistics.allocated.reset_peak();
    arena.statistics.active.reset_peak();
    arena.statistics.reserved.reset_peak();
  });
  allocated_.reset_peak();
  active_.reset_peak();
  reserved_.reset_peak();
}

}  // namespace libtensor::memory
