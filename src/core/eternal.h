// Objects of which the library has one, for as long as the process lives.
#pragma once

#include <new>

namespace libtensor {

// The object is made while the library is loaded, so that no fork can come in between: a child
// would wait for ever for the thread that was about to make it. It is never destroyed, since hosts
// release tensors, and threads end, after the library's static objects are gone.
template <class T>
class Eternal {
 public:
  static T& get() {
    static_cast<void>(&made_);  // asks for its initialization
    static T& instance = *new (memory_) T;
    return instance;
  }

 private:
  static inline const bool made_ = (get(), true);
  alignas(T) static inline unsigned char memory_[sizeof(T)];
};

}  // namespace libtensor
