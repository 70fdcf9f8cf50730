// The table behind tensor_t*: a handle names a slot and the generation of its use, and is checked
// at every call.
#pragma once

#include "core/tensor.h"
#include "tensor/types.h"

namespace libtensor::capi {

// A handle is no address: its top byte (tag and kind) makes it non-canonical on every 64-bit
// machine, and it is odd, so that a stray dereference faults at once and no garbage collector takes
// it for one of its own pointers.
//   63..56 tag | 55..28 generation | 27..1 slot | 0: 1
inline constexpr uint64_t kTensorTag = 0x51;
inline constexpr int kGenerationBits = 28, kIndexBits = 27;

struct Slot {
  std::atomic<uint64_t> handle{0};  // 0 while the slot is free
  union {
    Tensor tensor;             // while it is in use
    uint64_t next_generation;  // while it is free
  };
  Slot() : next_generation(0) {}
  ~Slot() {}
};

inline constexpr int kChunkBits = 12;
inline constexpr size_t kChunkSize = size_t{1} << kChunkBits;
extern std::atomic<Slot*> slot_chunks[size_t{1} << (kIndexBits - kChunkBits)];

// The slot of a live handle, or null: for any 64 bits whatsoever.
inline Slot* find_slot(const tensor_t* handle) {
  const uint64_t value = reinterpret_cast<uint64_t>(handle);
  const size_t index = value >> 1 & ((uint64_t{1} << kIndexBits) - 1);
  Slot* chunk = slot_chunks[index >> kChunkBits].load(std::memory_order_acquire);
  if (!chunk) return nullptr;
  Slot& slot = chunk[index & (kChunkSize - 1)];
  return value != 0 && slot.handle.load(std::memory_order_acquire) == value ? &slot : nullptr;
}

// A new handle that owns `tensor`. Throws std::bad_alloc.
tensor_t* new_handle(Tensor tensor);
// False where the handle is not live.
bool release_handle(tensor_t* handle);
size_t live_handles();
// Of a new slot. Different in each copy of the library that a process loads, so that one does not
// take the other's handles.
extern const uint64_t first_generation;
// Of the next handle of a slot, after `handle` is gone; the first one once more where all have
// been.
inline uint64_t next_generation(uint64_t handle) {
  return ((handle >> (kIndexBits + 1)) + 1) & ((uint64_t{1} << kGenerationBits) - 1);
}
// Such a slot is never used again: else an old handle would be valid.
inline bool is_used_up(uint64_t handle) { return next_generation(handle) == first_generation; }

void push_scope();
size_t scope_depth();  // how many scopes are open on this thread
// False where no scope is open, or none since the innermost fence. Needs no memory.
bool pop_scope(tensor_t* const* keep, size_t count) noexcept;
// While it lives, scopes that were opened before stay open; those opened since are closed with it.
class ScopeFence {
 public:
  ScopeFence() noexcept;  // needs no memory
  ~ScopeFence();
  ScopeFence(const ScopeFence&) = delete;
  ScopeFence& operator=(const ScopeFence&) = delete;

 private:
  size_t floor_before_;
};
// While it lives, tensors whose handles are released on this thread stay where they are, and until
// later: an operation that runs, and calls back, may have been given them.
class ReleaseDelay {
 public:
  ReleaseDelay();
  ~ReleaseDelay();
  ReleaseDelay(const ReleaseDelay&) = delete;
  ReleaseDelay& operator=(const ReleaseDelay&) = delete;
};
// Lets go of what was kept so, or was released by a callback of the call that uses it, unless an
// operation still runs. Called by what releases handles.
void free_delayed();

}  // namespace libtensor::capi
