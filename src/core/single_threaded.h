// Atomic operations that lock the bus only where another thread could come in between: that costs
// five to ten nanoseconds each.
#pragma once

#include <atomic>
#include <type_traits>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace libtensor {

// Has the process one thread? The C library sees to it that the answer turns false before a second
// one starts.
inline bool single_threaded() noexcept {
#if __has_include(<sys/single_threaded.h>)
  return __libc_single_threaded != 0;
#else
  return false;
#endif
}

// The members of std::atomic of the same names.
template <class T>
inline T fetch_add(std::atomic<T>& value, std::type_identity_t<T> by,
                   std::memory_order order) noexcept {
  if (!single_threaded()) return value.fetch_add(by, order);
  const T before = value.load(std::memory_order_relaxed);
  value.store(static_cast<T>(before + by), std::memory_order_relaxed);
  return before;
}

template <class T>
inline bool compare_exchange(std::atomic<T>& value, T& expected, std::type_identity_t<T> desired,
                             std::memory_order order) noexcept {
  if (!single_threaded()) return value.compare_exchange_strong(expected, desired, order);
  const T before = value.load(std::memory_order_relaxed);
  if (before != expected) {
    expected = before;
    return false;
  }
  value.store(desired, std::memory_order_relaxed);
  return true;
}

}  // namespace libtensor
