// A run of elements in memory, shared by all views of it, with the version that in-place operations
// raise.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

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
  // own.
  void resize(size_t bytes);

  uint32_t version() const { return version_.load(std::memory_order_relaxed); }
  // Called by every operation that writes; `operation` is a string that lives for ever.
  void bump_version(const char* operation) {
    version_.fetch_add(1, std::memory_order_relaxed);
    last_writer_ = operation;
  }
  // The operation that wrote last, or nullptr.
  const char* last_writer() const { return last_writer_; }

 private:
  Storage() = default;
  ~Storage() = default;
  friend struct Pooled<Storage>;

  void acquire(size_t bytes);
  void give_back();

  static constexpr size_t kInlineBytes = 64;

  Device device_;
  std::atomic<uint32_t> version_{0};
  bool owned_ = true;
  void* data_ = nullptr;
  size_t bytes_ = 0;
  const char* last_writer_ = nullptr;
  Deleter deleter_ = nullptr;
  void* context_ = nullptr;
  alignas(16) unsigned char inline_[kInlineBytes];  // small tensors need no second block
};

}  // namespace libtensor
