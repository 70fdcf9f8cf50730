// Thread-local state that is read at every call.
#pragma once

#include <cxxabi.h>

extern "C" void* __dso_handle;  // names this library to the C++ runtime

namespace libtensor {

// One instruction instead of a function call. What has this comes out of a small room that all
// libraries of a process share, so it is for single words only.
#define LIBTENSOR_FAST_THREAD_LOCAL \
  constinit thread_local __attribute__((tls_model("initial-exec")))

// Deletes `object` when the calling thread ends, in the reverse order of the calls. What a
// thread_local owner would do (Itanium C++ ABI 3.3.6), without the two words that it takes of that
// room.
template <class T>
T* delete_at_thread_exit(T* object) noexcept {
  abi::__cxa_thread_atexit([](void* owned) { delete static_cast<T*>(owned); }, object,
                           &__dso_handle);
  return object;
}

// What each thread has but not every call looks at: all of it shares one word of that small room.
enum class ThreadWord {
  kAnomaly,
  kCurrentTask,
  kDroppedGradients,
  kGraveyard,
  kSavedHooks,
  kScratch,
  kCount
};

// Where the calling thread keeps it; null at first. Throws std::bad_alloc.
void*& thread_word(ThreadWord word);

// A pointer that each thread has its own of.
template <class T, ThreadWord kWord>
struct ThreadPointer {
  T* operator=(T* pointer) const {
    thread_word(kWord) = pointer;
    return pointer;
  }
  operator T*() const { return static_cast<T*>(thread_word(kWord)); }
  T* operator->() const { return *this; }
};

}  // namespace libtensor
