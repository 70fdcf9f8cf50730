#include "handles.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <new>
#include <vector>

#include "core/fork.h"
#include "core/in_use.h"
#include "core/thread_local.h"

namespace libtensor::capi {

std::atomic<Slot*> slot_chunks[size_t{1} << (kIndexBits - kChunkBits)];

const uint64_t first_generation = [] {
  const auto now =
      static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  return (now ^ reinterpret_cast<uint64_t>(&slot_chunks) >> 12) * 0x9e3779b97f4a7c15u >> 20 &
         ((uint64_t{1} << kGenerationBits) - 1);
}();

namespace {

constexpr size_t kBatch = 64;  // free slots that travel together between a thread and the table

class ThreadHandles;

// What threads share.
struct Table {
  ForkSafeMutex mutex{LockLevel::kHandles};
  std::vector<uint32_t> free;
  std::vector<ThreadHandles*> threads;
  int64_t live_of_ended_threads = 0;
  size_t chunk_count = 0;

  // Tensors of handles that nobody has given back are lost: their ends might call the host.
  ~Table() {
    for (size_t i = 0; i < chunk_count; ++i) delete[] slot_chunks[i].load();
  }
};
Table& table() { return Eternal<Table>::get(); }

void add_chunk(Table& shared) {
  if (shared.chunk_count == std::size(slot_chunks)) throw std::bad_alloc();
  shared.free.reserve(shared.free.size() + (shared.chunk_count + 1) * kChunkSize);
  Slot* chunk = new Slot[kChunkSize];
  for (size_t i = 0; i < kChunkSize; ++i) chunk[i].next_generation = first_generation;
  const size_t first = shared.chunk_count * kChunkSize;
  for (size_t i = kChunkSize; i-- > 0;) shared.free.push_back(static_cast<uint32_t>(first + i));
  slot_chunks[shared.chunk_count++].store(chunk, std::memory_order_release);
}

Slot& slot_at(uint32_t index) {
  return slot_chunks[index >> kChunkBits].load(std::memory_order_relaxed)[index & (kChunkSize - 1)];
}

uint32_t index_of(uint64_t handle) {
  return static_cast<uint32_t>(handle >> 1 & ((uint64_t{1} << kIndexBits) - 1));
}

// A thread's free slots, its open scopes and its share of the count of live handles.
class ThreadHandles {
 public:
  ThreadHandles() {
    std::lock_guard lock(table().mutex);
    table().threads.push_back(this);
  }
  ~ThreadHandles();

  uint32_t take() {
    if (free_count_ == 0) [[unlikely]]
      refill();
    count(1);
    return free_[--free_count_];
  }
  // The slot of a handle that is gone.
  [[gnu::always_inline]] inline void put(uint64_t handle) {
    count(-1);
    if (is_used_up(handle)) return;
    if (free_count_ == kMostFree) [[unlikely]]
      spill();
    free_[free_count_++] = index_of(handle);
  }
  // A handle that exists must be remembered: so the room comes first.
  void make_room() {
    if (!scopes_.empty()) [[unlikely]]
      make_room_in_scope();
  }
  void remember(tensor_t* handle) {
    if (!scopes_.empty()) [[unlikely]]
      remember_in_scope(handle);
  }
  void open_scope() { scopes_.push_back(remembered_.size()); }
  void close_scope(tensor_t* const* keep, size_t count) noexcept;
  size_t depth() const { return scopes_.size(); }
  size_t& floor() { return floor_; }

  // A slot whose handle is gone and whose tensor stays. False where there is no room to note it.
  [[gnu::noinline]] bool delay(uint64_t handle) noexcept {
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
  void put_delayed(uint64_t handle) {  // delay has counted it
    count(1);
    put(handle);
  }
  int64_t live() const { return live_.load(std::memory_order_relaxed); }

 private:
  void count(int64_t change) {
    live_.store(live() + change, std::memory_order_relaxed);
  }  // only this thread writes
  // What is rare is not inlined: it would cost the usual case registers to save.
  [[gnu::noinline]] void refill() {
    std::lock_guard lock(table().mutex);
    if (table().free.empty()) add_chunk(table());
    const size_t count = std::min(kBatch, table().free.size());
    std::copy(table().free.end() - count, table().free.end(), free_);
    free_count_ = count;
    table().free.resize(table().free.size() - count);
  }
  [[gnu::noinline]] void spill() {  // add_chunk has reserved the room
    std::lock_guard lock(table().mutex);
    free_count_ -= kBatch;
    const uint32_t* const first = free_ + free_count_;
    table().free.insert(table().free.end(), first, first + kBatch);
  }
  [[gnu::noinline]] void make_room_in_scope() {
    if (remembered_.size() == remembered_.capacity())
      remembered_.reserve(std::max<size_t>(64, 2 * remembered_.size()));
  }
  [[gnu::noinline]] void remember_in_scope(tensor_t* handle) { remembered_.push_back(handle); }

  static constexpr size_t kMostFree = 2 * kBatch;
  size_t free_count_ = 0;
  uint32_t free_[kMostFree];
  std::vector<tensor_t*> remembered_;  // of all open scopes
  std::vector<size_t> scopes_;         // where each begins there
  size_t floor_ = 0;                   // so many of them may not be closed: ScopeFence
  int delays_ = 0;                     // how many ReleaseDelay there are
  std::vector<uint64_t> delayed_;      // the handles that they had
  std::atomic<int64_t> live_{0};
};

// Takes the tensor out of a slot without a handle.
Tensor empty_slot(Slot& slot, uint64_t generation) {
  Tensor tensor = std::move(slot.tensor);
  slot.tensor.~Tensor();
  slot.next_generation = generation;
  return tensor;
}

LIBTENSOR_FAST_THREAD_LOCAL ThreadHandles* current = nullptr;

ThreadHandles::~ThreadHandles() {
  current = nullptr;
  for (uint64_t handle : delayed_) {
    const Tensor tensor = empty_slot(slot_at(index_of(handle)), next_generation(handle));
    put_delayed(handle);
  }
  std::lock_guard lock(table().mutex);
  table().free.insert(table().free.end(), free_, free_ + free_count_);
  table().live_of_ended_threads += live();
  std::erase(table().threads, this);
}

[[gnu::noinline]] ThreadHandles& make_current() {
  return *(current = make_for_thread<ThreadHandles>());
}

inline ThreadHandles& mine() { return current ? *current : make_current(); }

// Where the thread has no memory for free slots of its own, the slot goes to the table, which has
// room for all. A release that has begun cannot fail.
[[gnu::noinline]] void put_free(uint64_t handle) noexcept {
  try {
    return mine().put(handle);
  } catch (const std::bad_alloc&) {
    std::lock_guard lock(table().mutex);
    if (!is_used_up(handle)) table().free.push_back(index_of(handle));
    --table().live_of_ended_threads;
  }
}

// Handles to keep are marked where they stand: all handles are odd.
constexpr uint64_t kKeep = 1;
bool is_kept(tensor_t* handle) { return (reinterpret_cast<uint64_t>(handle) & kKeep) == 0; }
tensor_t* turned(tensor_t* handle) {
  return reinterpret_cast<tensor_t*>(reinterpret_cast<uint64_t>(handle) ^ kKeep);
}

void mark_kept(tensor_t** begin, tensor_t** end, tensor_t* const* keep, size_t count) {
  std::sort(begin, end);
  for (size_t i = 0; i < count; ++i) {
    tensor_t** const found = std::lower_bound(begin, end, keep[i]);
    if (found != end && *found == keep[i]) *found = turned(*found);
  }
}

// Needs no memory: a scope is closed when there is none, too. A release may call back into the
// library, where handles are made that belong to this scope and go to the one around with those to
// keep; scopes that are opened there are closed there.
void ThreadHandles::close_scope(tensor_t* const* keep, size_t count) noexcept {
  const size_t begin = scopes_.back(), end = remembered_.size();
  if (count > 0) mark_kept(remembered_.data() + begin, remembered_.data() + end, keep, count);
  const size_t floor = std::exchange(floor_, depth());
  for (size_t i = begin; i < end; ++i) {
    // One released by hand is no longer live, and its slot's generation has moved on.
    if (!is_kept(remembered_[i])) release_handle(remembered_[i]);
    while (depth() > floor_) close_scope(nullptr, 0);
  }
  floor_ = floor;
  scopes_.pop_back();
  const auto first = remembered_.begin() + begin, released_end = remembered_.begin() + end;
  const auto kept_end =
      std::remove_if(first, released_end, [](tensor_t* h) { return !is_kept(h); });
  std::transform(first, kept_end, first, turned);
  remembered_.erase(kept_end, released_end);
  if (scopes_.empty()) remembered_.clear();
}

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
  // A callback may release what the call around it was given.
  if (current && (current->delays() > 0 || is_used_here(*slot->tensor.impl()))) [[unlikely]] {
    if (current->delay(value)) return true;
  }
  // Goes at the end: its last use may call back into the library.
  const Tensor tensor = empty_slot(*slot, next_generation(value));
  if (current) [[likely]]
    current->put(value);
  else
    put_free(value);
  return true;
}

ReleaseDelay::ReleaseDelay() { ++mine().delays(); }
ReleaseDelay::~ReleaseDelay() { --mine().delays(); }

namespace {
[[gnu::cold, gnu::noinline]] void free_what_was_delayed() {
  for (uint64_t handle : current->take_delayed()) {
    const Tensor tensor = empty_slot(slot_at(index_of(handle)), next_generation(handle));
    mine().put_delayed(handle);
  }
}
}  // namespace

void free_delayed() {
  if (current && current->has_delayed() && current->delays() == 0 && !uses_any()) [[unlikely]]
    free_what_was_delayed();
}

size_t live_handles() {
  std::lock_guard lock(table().mutex);
  int64_t live = table().live_of_ended_threads;
  for (const ThreadHandles* thread : table().threads) live += thread->live();
  return static_cast<size_t>(live);
}

void push_scope() { mine().open_scope(); }

size_t scope_depth() { return current ? current->depth() : 0; }

bool pop_scope(tensor_t* const* keep, size_t count) noexcept {
  if (!current || current->depth() <= current->floor()) return false;
  current->close_scope(keep, count);
  return true;
}

// A thread that has never had a handle has no scope open either.
ScopeFence::ScopeFence() noexcept
    : floor_before_(current ? std::exchange(current->floor(), scope_depth()) : 0) {}

ScopeFence::~ScopeFence() {
  while (pop_scope(nullptr, 0)) {
  }
  if (current) current->floor() = floor_before_;
}

}  // namespace libtensor::capi
