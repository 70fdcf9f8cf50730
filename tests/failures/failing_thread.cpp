#include "failures/failing_thread.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>

namespace test {
namespace {

std::atomic<bool> none_starts{false};

}  // namespace

NoThreadStarts::NoThreadStarts() { none_starts = true; }
NoThreadStarts::~NoThreadStarts() { none_starts = false; }

}  // namespace test

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) noexcept {
  if (test::none_starts) return EAGAIN;
  static const auto next =
      reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  return next(thread, attributes, start, argument);
}
