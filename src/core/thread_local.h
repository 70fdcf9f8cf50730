// Thread-local state that is read at every call.
#pragma once

#include <memory>

namespace libtensor {

// One instruction instead of a function call. What has this comes out of a small room that all
// libraries of a process share, so it is for single words only.
#define LIBTENSOR_FAST_THREAD_LOCAL \
  constinit thread_local __attribute__((tls_model("initial-exec")))

// What each thread has but not every call looks at: all of it shares one word of that small room.
enum class ThreadWord {
  kAnomaly,
  kCurrentTask,
  kDroppedGradients,
  kMessage,
  kSavedHooks,
  kThread,
  kCount
};

// Where the calling thread keeps it; null at first. Throws std::bad_alloc.
void*& thread_word(ThreadWord word);
// What it keeps there. Needs no memory.
void* thread_word_or_null(ThreadWord word) noexcept;

// A pointer that each thread has its own of.
template <class T, ThreadWord kWord>
struct ThreadPointer {
  // Throws std::bad_alloc, except where the pointer was set before, or is null.
  T* operator=(T* pointer) const {
    if (pointer || *this) thread_word(kWord) = pointer;
    return pointer;
  }
  operator T*() const { return static_cast<T*>(thread_word_or_null(kWord)); }
  T* operator->() const { return *this; }
};

// Something that goes with its thread.
struct ThreadObject {
  virtual ~ThreadObject() = default;
  ThreadObject* older = nullptr;
};
// Deletes it when the calling thread ends, the newest first. Throws std::bad_alloc.
void delete_at_thread_exit(std::unique_ptr<ThreadObject> object);

// When the library is unloaded: threads that live on have nothing more of it.
void delete_objects_of_all_threads() noexcept;

// A new T that lives as long as the calling thread. A thread_local owner would end the process
// where the C++ runtime has no memory to note its destructor; this throws std::bad_alloc.
template <class T>
T* make_for_thread() {
  struct Owner final : ThreadObject {
    T value;
  };
  auto owner = std::make_unique<Owner>();
  T* const made = &owner->value;
  delete_at_thread_exit(std::move(owner));
  return made;
}

}  // namespace libtensor
