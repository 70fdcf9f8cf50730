// Objects of which the library has one, for as long as it is loaded.
#pragma once

#include <new>

#include "core/unload.h"

namespace libtensor {

// The object is made while the library is loaded, so that no fork can come in between: a child
// would wait for ever for the thread that was about to make it. Where there is no memory then, it
// is made at its first use, since a library's loading has nobody to tell. It is not destroyed when
// the process ends, since hosts release tensors, and threads end, after the library's static
// objects are gone; only when the library is unloaded.
template <class T>
class Eternal {
 public:
  static T& get() {
    static_cast<void>(&made_);  // asks for its initialization
    static T& instance = make();
    return instance;
  }

 private:
  static bool make_early() noexcept {
    try {
      get();
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
  static T& make() {
    T& made = *new (memory_) T;
    at_unload(step_);
    return made;
  }
  static inline constinit UnloadStep step_{[] { get().~T(); }};
  static inline const bool made_ = make_early();
  alignas(T) static inline unsigned char memory_[sizeof(T)];
};

}  // namespace libtensor
