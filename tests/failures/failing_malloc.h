// The C library's allocation, which fails where a test tells it to: what replaces operator new does
// not see the memory that the C++ runtime and the system's loader take for themselves.
#pragma once

#include <cstdint>

// A sanitizer has an allocator of its own.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FAILING_MALLOC 1
#else
#define FAILING_MALLOC 0
#endif

namespace test {

enum class Fails { kOne, kAllFrom };

// While it lives, the calling thread's allocation number `number` (from 1) fails, or all from it
// on.
class FailingMalloc {
 public:
  FailingMalloc(int64_t number, Fails which);
  ~FailingMalloc();
  FailingMalloc(const FailingMalloc&) = delete;
  FailingMalloc& operator=(const FailingMalloc&) = delete;

  static bool has_failed();  // the last one, on this thread
};

}  // namespace test
