// A run of elements in memory, shared by all views of it, with the version that in-place operations
// raise.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/device.h"
#include "core/pool.h"
#include "core/ref.h"

namespace libtensor {

class Storage final : public RefCounted<Storage>, public Pooled<Storage> {
 public:
  using Deleter = void (*)(void* context);

  // `bytes` fresh bytes, not initialised.
  static Ref<Storage> allocate(size_t bytes, Device device);
  // Memory of somebody else.
  static Ref<Storage> share(void* data, size_t bytes, Device device);
  // The memory of `memory` with a version of its own: who changes one does not change the other's.
  static Ref<Storage> with_version(const Ref<Storage>& memory, uint32_t version);
  // The same, with the version of `counted`, which both count from then on.
  static Ref<Storage> with_version_of(const Ref<Storage>& memory, Storage& counted);
  // The storage whose memory this is: itself, but for those made with_version.
  const Storage* lender() const { return is_loan() ? static_cast<Storage*>(context_) : this; }
  // deleter(context) will run once, when the last view goes.
  void set_deleter(Deleter deleter, void* context) {
    deleter_ = deleter;
    context_ = context;
  }
  static void destroy(Storage* storage);

  void* data() const { return data_; }
  // Memory asked for afterwards has as many.
  size_t bytes() const { return bytes_.load(std::memory_order_acquire); }
  Device device() const { return device_; }
  // `bytes` fresh bytes that begin with these ones, for take_over. Only for memory of our own, of
  // which no other storage has a loan; a storage that has one may end it.
  Ref<Storage> grown(size_t bytes) const;
  // Takes the memory of `grown` in place of its own. What another thread may be reading stays
  // until the storage grows again, or goes.
  void take_over(Ref<Storage> grown) noexcept;

  uint32_t version() const { return counter().version.load(std::memory_order_relaxed); }
  // Called by every operation that writes; `operation` is a string that lives for ever.
  void bump_version(const char* operation) {
    Counter& own = counter();
    fetch_add(own.version, 1, std::memory_order_relaxed);
    if (own.watched.load(std::memory_order_relaxed)) [[unlikely]]
      log_change(own, operation);
  }
  // The operation that raised it last has failed, and what it changed is as it was.
  void take_back_bump() { fetch_add(counter().version, uint32_t(-1), std::memory_order_relaxed); }
  // From now on, changes are remembered: a node has saved the elements.
  void watch() {
    std::atomic<bool>& watched = counter().watched;
    if (!watched.load(std::memory_order_relaxed)) watched.store(true, std::memory_order_relaxed);
  }
  bool watched() const { return counter().watched.load(std::memory_order_relaxed); }
  struct Change {
    uint32_t version;  // after it
    const char* operation;
  };
  // The latest changes of a watched storage since it had `version`, oldest first.
  std::vector<Change> changes_since(uint32_t version) const;

 private:
  Storage() = default;
  ~Storage() = default;
  friend struct Pooled<Storage>;

  static void end_loan(void* lender);
  bool is_loan() const { return deleter_ == end_loan; }
  void acquire(size_t bytes);
  void give_back();
  void drop_former() noexcept;
  struct ChangeLog;
  // The version, and who raised it.
  struct Counter {
    std::atomic<uint32_t> version{0};
    std::atomic<bool> watched{false};
    std::atomic<ChangeLog*> changes{nullptr};
    ~Counter();
  };
  struct SharedCounter;
  Counter& counter() const { return *counter_.load(std::memory_order_relaxed); }
  SharedCounter* share_counter();
  [[gnu::cold]] static void log_change(Counter& counter, const char* operation) noexcept;

  static constexpr size_t kInlineBytes = 64;

  Device device_;
  bool owned_ = true;
  std::atomic<bool> lent_{false};
  mutable Counter own_counter_;
  std::atomic<Counter*> counter_{&own_counter_};  // or one that several storages share
  void* data_ = nullptr;
  std::atomic<size_t> bytes_{0};
  std::atomic<SharedCounter*> shared_counter_{nullptr};
  Deleter deleter_ = nullptr;
  void* context_ = nullptr;
  Ref<Storage> former_;                             // has the memory from before the last growth
  alignas(16) unsigned char inline_[kInlineBytes];  // small tensors need no second block
};

}  // namespace libtensor
