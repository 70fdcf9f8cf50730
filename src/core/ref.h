// Intrusive reference counting.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "core/single_threaded.h"

namespace libtensor {

// Base of counted objects. T::destroy(T*) is called when the last reference goes. A T of which
// some are weakly referenced says which: T::weakly_referenced().
template <class T>
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void retain() const noexcept { fetch_add(refs_, 1, std::memory_order_relaxed); }
  void release() const noexcept {
    if (drop()) T::destroy(const_cast<T*>(self()));
  }
  // Takes a reference unless the object is already on its way out (for weak pointers, under their
  // lock).
  bool try_retain() const noexcept {
    uint32_t refs = refs_.load(std::memory_order_relaxed);
    while (refs != 0) {
      if (compare_exchange(refs_, refs, refs + 1, std::memory_order_acquire)) return true;
    }
    return false;
  }
  // May a try_retain come at any moment? Then the last release must be seen to bring the count to
  // zero.
  bool weakly_referenced() const noexcept { return false; }
  uint32_t use_count() const noexcept { return refs_.load(std::memory_order_acquire); }

 protected:
  ~RefCounted() = default;

 private:
  const T* self() const noexcept { return static_cast<const T*>(this); }
  // Was it the last reference?
  bool drop() const noexcept {
    // The only owner needs no read-modify-write: nobody else can get a reference from nowhere.
    if (refs_.load(std::memory_order_acquire) == 1 && !self()->weakly_referenced()) return true;
    return fetch_add(refs_, static_cast<uint32_t>(-1), std::memory_order_acq_rel) == 1;
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
