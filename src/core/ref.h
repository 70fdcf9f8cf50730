// Intrusive reference counting.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace libtensor {

// While a process has one thread, counting needs no read-modify-write that locks the bus. The C
// library sees to it that the answer turns false before a second thread starts.
inline bool single_threaded() noexcept {
#if __has_include(<sys/single_threaded.h>)
  return __libc_single_threaded != 0;
#else
  return false;
#endif
}

// Base of counted objects. T::destroy(T*) is called when the last reference goes. Weakly referenced
// kinds may meet a try_retain at any moment, so their last release must be seen to bring the count
// to zero.
template <class T, bool kWeaklyReferenced = false>
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void retain() const noexcept {
    if (single_threaded()) {
      refs_.store(refs_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    } else {
      refs_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  void release() const noexcept {
    if (drop()) T::destroy(const_cast<T*>(static_cast<const T*>(this)));
  }
  // Takes a reference unless the object is already on its way out (for weak pointers, under their
  // lock).
  bool try_retain() const noexcept {
    uint32_t refs = refs_.load(std::memory_order_relaxed);
    while (refs != 0) {
      if (refs_.compare_exchange_weak(refs, refs + 1, std::memory_order_acquire)) return true;
    }
    return false;
  }
  uint32_t use_count() const noexcept { return refs_.load(std::memory_order_acquire); }

 protected:
  ~RefCounted() = default;

 private:
  // Was it the last reference?
  bool drop() const noexcept {
    // The only owner needs no read-modify-write: nobody else can get a reference from nowhere.
    if (!kWeaklyReferenced && refs_.load(std::memory_order_acquire) == 1) return true;
    if (single_threaded()) {
      const uint32_t left = refs_.load(std::memory_order_relaxed) - 1;
      refs_.store(left, std::memory_order_relaxed);
      return left == 0;
    }
    return refs_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

  mutable std::atomic<uint32_t> refs_{1};
};

// Owns one reference to a RefCounted object, or nothing.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}  // NOLINT
  Ref(const Ref& other) noexcept : object_(other.object_) {
    if (object_) object_->retain();
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  requires std::is_convertible_v<U*, T*> Ref(Ref<U> other)
  noexcept : object_(other.detach()) {}  // NOLINT
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->release();
  }

  static Ref adopt(T* object) {  // takes over a reference that the caller owns
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  static Ref share(T* object) {
    if (object) object->retain();
    return adopt(object);
  }
  T* detach() noexcept { return std::exchange(object_, nullptr); }

  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace libtensor
