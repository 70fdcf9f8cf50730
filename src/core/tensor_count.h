// How tensors are counted: those who use a tensor, and the nodes of the graph that have saved it.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/ref.h"

namespace libtensor {

// A node that saved a tensor keeps its elements, but has no say in its history: a tensor that is
// changed in place after a node saved it may get a history that leads to that node, and would then
// keep itself alive. So a tensor that lends its history drops it when its last user goes, and from
// then on nobody becomes a user again: what it is to the nodes that saved it cannot change any
// more. Those find its history along their own edges.
template <class T>
class SavableCounted {
 public:
  SavableCounted() = default;
  SavableCounted(const SavableCounted&) = delete;
  SavableCounted& operator=(const SavableCounted&) = delete;

  // --- of users
  void retain() const noexcept { add(1); }
  void release() const noexcept {
    const uint64_t word = word_.load(std::memory_order_acquire);
    if (total(word) == 1) return T::destroy(self());  // nobody else can get a reference
    if (word & kLends) [[unlikely]]
      return release_lender();
    drop(1);
  }
  // To be called by a user.
  void lend_history() const noexcept {
    if (!(word_.load(std::memory_order_relaxed) & kLends))
      word_.fetch_or(kLends, std::memory_order_relaxed);
  }
  // Users and nodes.
  uint32_t use_count() const noexcept { return total(word_.load(std::memory_order_acquire)); }

  // --- of nodes
  void retain_saved() const noexcept { add(kSaved + 1); }
  void release_saved() const noexcept {
    if (total(word_.load(std::memory_order_acquire)) == 1) return T::destroy(self());
    drop(kSaved + 1);
  }
  // Makes a user's reference one of a node.
  void become_saved() const noexcept {
    const uint64_t before = add(kSaved);
    if ((before & kLends) && users(before) == 1) self()->drop_history();
  }
  // Makes a user of the caller, who has a node's reference; false where the last user of a tensor
  // that lends its history has gone.
  bool try_use() const noexcept {
    uint64_t word = word_.load(std::memory_order_acquire);
    do {
      if ((word & kLends) && users(word) == 0) return false;
    } while (!compare_exchange(word_, word, word + 1, std::memory_order_acquire));
    return true;
  }

 protected:
  ~SavableCounted() = default;

 private:
  // From the lowest bit on: all references, 32 bits; those of nodes, 31 bits; lends its history.
  static constexpr uint64_t kSaved = uint64_t{1} << 32, kLends = uint64_t{1} << 63;
  static uint32_t total(uint64_t word) { return static_cast<uint32_t>(word); }
  static uint32_t users(uint64_t word) {
    return total(word) - static_cast<uint32_t>((word & ~kLends) >> 32);
  }
  [[gnu::cold, gnu::noinline]] void release_lender() const noexcept {
    become_saved();
    release_saved();
  }
  T* self() const { return const_cast<T*>(static_cast<const T*>(this)); }

  // Returns what was there before.
  uint64_t add(uint64_t count) const noexcept {
    return fetch_add(word_, count, std::memory_order_acq_rel);
  }
  void drop(uint64_t count) const noexcept {
    if (total(add(~count + 1)) == 1) T::destroy(self());
  }

  mutable std::atomic<uint64_t> word_{1};
};

}  // namespace libtensor
