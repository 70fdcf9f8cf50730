#include "core/thread_local.h"

#include <pthread.h>

#include <mutex>
#include <new>
#include <utility>

#include "core/fork.h"

namespace libtensor {
namespace {

struct Words {
  void* of[static_cast<int>(ThreadWord::kCount)] = {};
  ThreadObject* newest = nullptr;
  Words *next = nullptr, *previous = nullptr;  // of other threads

  Words();
  ~Words();
};
LIBTENSOR_FAST_THREAD_LOCAL Words* words = nullptr;

// Those of all threads. The key is made while the library is loaded, so that a thread's first call
// needs no more than memory.
struct AllWords {
  ForkSafeMutex mutex{LockLevel::kThreads};
  Words* first = nullptr;
  pthread_key_t key = 0;
  const bool has_key =
      pthread_key_create(&key, [](void* ended) { delete static_cast<Words*>(ended); }) == 0;
};
AllWords& all() { return Eternal<AllWords>::get(); }

Words::Words() {
  std::lock_guard lock(all().mutex);
  next = std::exchange(all().first, this);
  if (next) next->previous = this;
}

// What is made again by another's end goes as well.
Words::~Words() {
  while (ThreadObject* const object = newest) {
    newest = object->older;
    delete object;
  }
  words = nullptr;
  std::lock_guard lock(all().mutex);
  (previous ? previous->next : all().first) = next;
  if (next) next->previous = previous;
}

[[gnu::noinline, gnu::cold]] void make_words() {
  auto fresh = std::make_unique<Words>();
  // Without a key (a process has few), what a thread owns stays until the library is unloaded.
  if (all().has_key && pthread_setspecific(all().key, fresh.get()) != 0) throw std::bad_alloc();
  words = fresh.release();
}

}  // namespace

void*& thread_word(ThreadWord word) {
  if (!words) [[unlikely]]
    make_words();
  return words->of[static_cast<int>(word)];
}

void* thread_word_or_null(ThreadWord word) noexcept {
  return words ? words->of[static_cast<int>(word)] : nullptr;
}

void delete_at_thread_exit(std::unique_ptr<ThreadObject> object) {
  if (!words) make_words();
  object->older = words->newest;
  words->newest = object.release();
}

// Their ends may make some again for this thread.
void delete_objects_of_all_threads() noexcept {
  if (all().has_key) pthread_key_delete(all().key);
  while (all().first) delete all().first;
}

}  // namespace libtensor
