#include "failures/failing_thread.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>

namespace test {
namespace {

std::atomic<bool> none_starts{false};
std::atomic<int> until_failure{0}, started{0};

}  // namespace

NoThreadStarts::NoThreadStarts() { none_starts = true; }
NoThreadStarts::~NoThreadStarts() { none_starts = false; }

void let_thread_fail(int number) {
  until_failure = number;
  started = 0;
}
int started_threads() { return started; }

}  // namespace test

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) noexcept {
  if (test::none_starts || --test::until_failure == 0) return EAGAIN;
  static const auto next =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  const int error = next(thread, attributes, start, argument);
  if (error == 0) ++test::started;
  return error;
}
