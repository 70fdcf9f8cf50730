// Which tensors the calls in progress use: nobody changes the shape, memory or history of one that
// another thread is reading, and nobody begins to read one that another thread is changing so.
//
// Both leave a mark and then look for the other's: a reader in a list of its thread's, whoever
// changes a tensor in the tensor. Between mark and look lies a barrier, for both of them the
// changing thread's (membarrier): so a reader pays for a few plain loads and stores.
#pragma once

#include "core/single_threaded.h"
#include "core/tensor.h"

namespace libtensor {

class ThreadUses;

// What the open calls of one thread use, the latest last. The tensors stand behind it.
struct UseList {
  std::atomic<uint32_t> count{0};
  std::atomic<uint32_t> quick{0};  // below that count, a use is noted without further ado
  ThreadUses* owner = nullptr;

  using Entry = std::atomic<const TensorImpl*>;
  Entry* tensors() { return reinterpret_cast<Entry*>(this + 1); }
};
// The calling thread's; empty and without an owner until it first uses a tensor.
extern LIBTENSOR_FAST_THREAD_LOCAL UseList* uses;

// Notes one where that takes more than a store. Throws std::bad_alloc.
[[gnu::cold, gnu::noinline]] void use_slowly(const TensorImpl& tensor, const char* name);
// Throws unless it is this thread that changes it.
[[gnu::cold, gnu::noinline]] void check_changed_here(const TensorImpl& tensor, const char* name);

// Until the UseScope around ends, no other thread changes the shape, memory or history of `tensor`.
// Throws where one is about to; `name` is what the caller knows it by.
[[gnu::always_inline]] inline void use(const TensorImpl& tensor, const char* name) {
  UseList* const list = uses;
  const uint32_t count = list->count.load(std::memory_order_relaxed);
  if (count >= list->quick.load(std::memory_order_relaxed)) [[unlikely]]
    return use_slowly(tensor, name);
  list->tensors()[count].store(&tensor, std::memory_order_relaxed);
  list->count.store(count + 1, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (tensor.changing.load(std::memory_order_acquire)) [[unlikely]]
    check_changed_here(tensor, name);
}
inline void use(const Tensor& tensor, const char* name) {
  if (tensor.defined()) use(*tensor.impl(), name);
}

// Calls `read`, which throws nothing and calls nothing of the host's, as such a use that ends with
// it. False where that takes more than a few stores: then it has not been called.
template <class Read>
inline bool read_quickly(const TensorImpl& tensor, Read&& read) noexcept {
  if (single_threaded()) {  // nor does another one start before `read` returns
    read();
    return true;
  }
  UseList* const list = uses;
  const uint32_t count = list->count.load(std::memory_order_relaxed);
  if (count >= list->quick.load(std::memory_order_relaxed)) [[unlikely]]
    return false;
  list->tensors()[count].store(&tensor, std::memory_order_relaxed);
  list->count.store(count + 1, std::memory_order_release);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const bool changing = tensor.changing.load(std::memory_order_acquire);
  if (!changing) [[likely]]
    read();
  list->count.store(count, std::memory_order_release);
  return !changing;
}

// Does a call of this thread that has not ended use the tensor, or any?
[[gnu::cold]] bool is_among_uses(const TensorImpl& tensor) noexcept;
inline bool uses_any() noexcept { return uses->count.load(std::memory_order_relaxed) > 0; }
inline bool is_used_here(const TensorImpl& tensor) noexcept {
  return uses_any() && is_among_uses(tensor);
}

class UseScope {
 public:
  UseScope() : before_(uses->count.load(std::memory_order_relaxed)) {}
  ~UseScope() {
    UseList* const list = uses;
    const uint32_t count = list->count.load(std::memory_order_relaxed);
    if (count == before_) return;
    list->count.store(before_, std::memory_order_release);
    if (count > kMany) [[unlikely]]
      give_back_room(before_);
  }
  UseScope(const UseScope&) = delete;
  UseScope& operator=(const UseScope&) = delete;

 private:
  static constexpr uint32_t kMany = 512;
  // Static: the count, whose address nobody has, stays in a register.
  [[gnu::cold, gnu::noinline]] static void give_back_room(uint32_t left) noexcept;

  uint32_t before_;
};

// While it lives, this thread alone uses the tensor, and may change its shape, memory and history.
// Throws where another thread uses or changes it. May be held several times by one thread.
class Exclusive {
 public:
  Exclusive() = default;
  explicit Exclusive(const Tensor& tensor);
  Exclusive(Exclusive&&) noexcept = default;
  Exclusive& operator=(Exclusive&& other) noexcept {
    std::swap(tensor_, other.tensor_);
    return *this;
  }
  ~Exclusive() {
    if (tensor_) end();
  }

 private:
  void end() noexcept;

  Ref<TensorImpl> tensor_;
};

// May another thread be reading memory that `storage` had until now? By what its calls use.
bool used_elsewhere(const Storage& storage) noexcept;

// The uses of a thread that waits, for another one that goes on in its place.
class WaitingUses {
 public:
  WaitingUses();
  void take_over() const noexcept;  // on the other thread
  void leave() const noexcept;      // the same, before it ends
  void resume() const noexcept;     // on the thread that waited

 private:
  ThreadUses* owner_;
};

}  // namespace libtensor
