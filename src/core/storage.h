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
  // The storage whose memory this is: itself, but for those made with_version.
  const Storage* lender() const { return is_loan() ? static_cast<Storage*>(context_) : this; }
  // deleter(context) will run once, when the last view goes.
  void set_deleter(Deleter deleter, void* context) {
    deleter_ = deleter;
    context_ = context;
  }
  static void destroy(Storage* storage);

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  // Replaces the memory by `bytes` fresh bytes that begin with the old ones. Only for memory of our
  // own, of which no other storage has a loan; a storage that has one ends it.
  void resize(size_t bytes);

  uint32_t version() const { return version_.load(std::memory_order_relaxed); }
  // Called by every operation that writes; `operation` is a string that lives for ever.
  void bump_version(const char* operation) {
    fetch_add(version_, 1, std::memory_order_relaxed);
    if (watched_.load(std::memory_order_relaxed)) [[unlikely]]
      log_change(operation);
  }
  // From now on, changes are remembered: a node has saved the elements.
  void watch() {
    if (!watched_.load(std::memory_order_relaxed)) watched_.store(true, std::memory_order_relaxed);
  }
  bool watched() const { return watched_.load(std::memory_order_relaxed); }
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
  [[gnu::cold]] void log_change(const char* operation) noexcept;

  struct ChangeLog;
  static constexpr size_t kInlineBytes = 64;

  Device device_;
  std::atomic<uint32_t> version_{0};
  bool owned_ = true;
  std::atomic<bool> watched_{false};
  std::atomic<bool> lent_{false};
  void* data_ = nullptr;
  size_t bytes_ = 0;
  std::atomic<ChangeLog*> changes_{nullptr};
  Deleter deleter_ = nullptr;
  void* context_ = nullptr;
  alignas(16) unsigned char inline_[kInlineBytes];  // small tensors need no second block
};

}  // namespace libtensor
