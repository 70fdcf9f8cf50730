#include "core/thread_local.h"

#include <pthread.h>

#include <new>
#include <utility>

namespace libtensor {
namespace {

struct Words {
  void* of[static_cast<int>(ThreadWord::kCount)] = {};
  ThreadObject* newest = nullptr;

  ~Words();
};
LIBTENSOR_FAST_THREAD_LOCAL Words* words = nullptr;

// What is made again by another's end goes as well.
Words::~Words() {
  while (ThreadObject* const object = newest) {
    newest = object->older;
    delete object;
  }
  words = nullptr;
}

// Made while the library is loaded, so that a thread's first call needs no more than memory.
struct ExitKey {
  pthread_key_t key = 0;
  bool made;

  ExitKey()
      : made(pthread_key_create(&key, [](void* ended) { delete static_cast<Words*>(ended); }) ==
             0) {}
  ~ExitKey() {
    if (made) pthread_key_delete(key);
  }
};
const ExitKey exit_key;

[[gnu::noinline, gnu::cold]] void make_words() {
  auto fresh = std::make_unique<Words>();
  // Without a key (a process has few), what a thread owns is lost when the thread ends.
  if (exit_key.made && pthread_setspecific(exit_key.key, fresh.get()) != 0) throw std::bad_alloc();
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

}  // namespace libtensor
