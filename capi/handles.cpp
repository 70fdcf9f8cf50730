#include "handles.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <new>
#include <vector>

#include "core/fork.h"
#include "core/thread_local.h"

namespace libtensor::capi {

std::atomic<Slot*> slot_chunks[size_t{1} << (kIndexBits - kChunkBits)];

uint64_t first_generation() {
  const auto now =
      static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  return (now ^ reinterpret_cast<uint64_t>(&slot_chunks) >> 12) * 0x9e3779b97f4a7c15u >> 20 &
         ((uint64_t{1} << kGenerationBits) - 1);
}

namespace {

constexpr uint64_t kGenerationMask = (uint64_t{1} << kGenerationBits) - 1;
constexpr size_t kBatch = 64;  // free slots that travel together between a thread and the table

class ThreadHandles;

// What threads share.
struct Table {
  ForkSafeMutex mutex{LockLevel::kHandles};
  std::vector<uint32_t> free;
  std::vector<ThreadHandles*> threads;
  int64_t live_of_ended_threads = 0;
  size_t chunk_count = 0;
};
Table& table() { return Eternal<Table>::get(); }

void add_chunk(Table& shared) {
  if (shared.chunk_count == std::size(slot_chunks)) throw std::bad_alloc();
  shared.free.reserve(shared.free.size() + (shared.chunk_count + 1) * kChunkSize);
  Slot* chunk = new Slot[kChunkSize];
  const uint64_t generation = first_generation();
  for (size_t i = 0; i < kChunkSize; ++i) chunk[i].next_generation = generation;
  const size_t first = shared.chunk_count * kChunkSize;
  for (size_t i = kChunkSize; i-- > 0;) shared.free.push_back(static_cast<uint32_t>(first + i));
  slot_chunks[shared.chunk_count++].store(chunk, std::memory_order_release);
}

Slot& slot_at(uint32_t index) {
  return slot_chunks[index >> kChunkBits].load(std::memory_order_relaxed)[index & (kChunkSize - 1)];
}

// A thread's free slots, its open scopes and its share of the count of live handles.
class ThreadHandles {
 public:
  ThreadHandles() {
    free_.reserve(3 * kBatch);
    std::lock_guard lock(table().mutex);
    table().threads.push_back(this);
  }
  ~ThreadHandles();

  uint32_t take() {
    if (free_.empty()) refill();
    const uint32_t index = free_.back();
    free_.pop_back();
    count(1);
    return index;
  }
  void put(uint32_t index) {
    if (free_.size() >= 2 * kBatch) spill();
    free_.push_back(index);
    count(-1);
  }
  // A handle that exists must be remembered: so the room comes first.
  void make_room() {
    if (scopes_.empty()) return;
    auto& scope = scopes_.back();
    if (scope.size() == scope.capacity()) scope.reserve(std::max<size_t>(8, 2 * scope.size()));
  }
  void remember(tensor_t* handle) {
    if (!scopes_.empty()) scopes_.back().push_back(handle);
  }
  std::vector<std::vector<tensor_t*>>& scopes() { return scopes_; }
  size_t& floor() { return floor_; }

  // A slot whose handle is gone and whose tensor stays. False where there is no room to note it.
  bool delay(uint64_t handle) noexcept {
    try {
      delayed_.push_back(handle);
    } catch (...) {
      return false;
    }
    count(-1);
    return true;
  }
  int& delays() { return delays_; }
  std::vector<uint64_t> take_delayed() { return std::exchange(delayed_, {}); }
  bool has_delayed() const { return !delayed_.empty(); }
  void put_delayed(uint32_t index) {  // delay has counted it
    count(1);
    put(index);
  }
  int64_t live() const { return live_.load(std::memory_order_relaxed); }

 private:
  void count(int64_t change) {
    live_.store(live() + change, std::memory_order_relaxed);
  }  // only this thread writes
  void refill() {
    std::lock_guard lock(table().mutex);
    if (table().free.empty()) add_chunk(table());
    const size_t count = std::min(kBatch, table().free.size());
    free_.insert(free_.end(), table().free.end() - count, table().free.end());
    table().free.resize(table().free.size() - count);
  }
  void spill() {  // add_chunk has reserved the room
    std::lock_guard lock(table().mutex);
    table().free.insert(table().free.end(), free_.end() - kBatch, free_.end());
    free_.resize(free_.size() - kBatch);
  }

  std::vector<uint32_t> free_;
  std::vector<std::vector<tensor_t*>> scopes_;
  size_t floor_ = 0;               // so many of them may not be closed: ScopeFence
  int delays_ = 0;                 // how many ReleaseDelay there are
  std::vector<uint64_t> delayed_;  // the handles that they had
  std::atomic<int64_t> live_{0};
};

uint64_t next_generation(uint64_t handle) {
  return ((handle >> (kIndexBits + 1)) + 1) & kGenerationMask;
}
uint32_t index_of(uint64_t handle) {
  return static_cast<uint32_t>(handle >> 1 & ((uint64_t{1} << kIndexBits) - 1));
}

// Takes the tensor out of a slot without a handle.
Tensor empty_slot(Slot& slot, uint64_t generation) {
  Tensor tensor = std::move(slot.tensor);
  slot.tensor.~Tensor();
  slot.next_generation = generation;
  return tensor;
}

LIBTENSOR_FAST_THREAD_LOCAL ThreadHandles* current = nullptr;
LIBTENSOR_FAST_THREAD_LOCAL bool thread_ended = false;

ThreadHandles::~ThreadHandles() {
  current = nullptr;
  thread_ended = true;
  for (uint64_t handle : delayed_) {
    const Tensor tensor = empty_slot(slot_at(index_of(handle)), next_generation(handle));
    free_.push_back(index_of(handle));
  }
  std::lock_guard lock(table().mutex);
  table().free.insert(table().free.end(), free_.begin(), free_.end());
  table().live_of_ended_threads += live();
  std::erase(table().threads, this);
}

[[gnu::noinline]] ThreadHandles& make_current() {
  // A destructor of the host may still release tensors after this thread's own state is gone: then
  // a state is made that nobody destroys.
  if (thread_ended) return *(current = new ThreadHandles);
  return *(current = delete_at_thread_exit(new ThreadHandles));
}

inline ThreadHandles& mine() { return current ? *current : make_current(); }

}  // namespace

tensor_t* new_handle(Tensor tensor) {
  ThreadHandles& own = mine();
  own.make_room();
  const uint32_t index = own.take();
  Slot& slot = slot_at(index);
  const uint64_t handle =
      kTensorTag << 56 | slot.next_generation << (kIndexBits + 1) | uint64_t{index} << 1 | 1;
  new (&slot.tensor) Tensor(std::move(tensor));
  slot.handle.store(handle, std::memory_order_release);
  auto* result = reinterpret_cast<tensor_t*>(handle);
  own.remember(result);
  return result;
}

bool release_handle(tensor_t* handle) {
  Slot* slot = find_slot(handle);
  uint64_t value = reinterpret_cast<uint64_t>(handle);
  // Of two threads that release the same handle, one wins.
  if (!slot || !compare_exchange(slot->handle, value, 0, std::memory_order_acq_rel)) return false;
  ThreadHandles& own = mine();
  if (own.delays() > 0) [[unlikely]] {
    if (own.delay(value)) return true;
  }
  // Goes at the end: its last use may call back into the library.
  const Tensor tensor = empty_slot(*slot, next_generation(value));
  own.put(index_of(value));
  return true;
}

ReleaseDelay::ReleaseDelay() { ++mine().delays(); }
ReleaseDelay::~ReleaseDelay() { --mine().delays(); }

void free_delayed() {
  if (!current || !current->has_delayed() || current->delays() > 0) [[likely]]
    return;
  for (uint64_t handle : current->take_delayed()) {
    const Tensor tensor = empty_slot(slot_at(index_of(handle)), next_generation(handle));
    mine().put_delayed(index_of(handle));
  }
}

size_t live_handles() {
  std::lock_guard lock(table().mutex);
  int64_t live = table().live_of_ended_threads;
  for (const ThreadHandles* thread : table().threads) live += thread->live();
  return static_cast<size_t>(live);
}

void push_scope() { mine().scopes().emplace_back(); }

size_t scope_depth() { return mine().scopes().size(); }

bool pop_scope(tensor_t* const* keep, size_t count) {
  auto& scopes = mine().scopes();
  if (scopes.size() <= mine().floor()) return false;
  std::vector<tensor_t*> kept(keep, keep + count);
  std::sort(kept.begin(), kept.end());
  if (scopes.size() > 1) {  // whatever can fail comes before the first change
    auto& around = scopes[scopes.size() - 2];
    const size_t needed = around.size() + count;
    if (needed > around.capacity()) around.reserve(std::max(needed, 2 * around.size()));
  }
  const std::vector<tensor_t*> handles = std::move(scopes.back());
  scopes.pop_back();
  for (tensor_t* handle : handles) {
    if (!std::binary_search(kept.begin(), kept.end(), handle)) {
      release_handle(handle);  // one released by hand meanwhile is no longer live, and its slot's
                               // generation has moved on
    } else if (!scopes.empty()) {
      scopes.back().push_back(handle);
    }
  }
  return true;
}

ScopeFence::ScopeFence() : floor_before_(std::exchange(mine().floor(), scope_depth())) {}

ScopeFence::~ScopeFence() {
  auto& scopes = mine().scopes();
  while (scopes.size() > mine().floor()) {
    const std::vector<tensor_t*> handles = std::move(scopes.back());
    scopes.pop_back();
    for (tensor_t* handle : handles) release_handle(handle);
  }
  mine().floor() = floor_before_;
}

}  // namespace libtensor::capi
