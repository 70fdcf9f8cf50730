#include "failures/failing_malloc.h"

#include <cerrno>
#include <cstdlib>

namespace {

thread_local int64_t until_failure = 0;  // 0: none fails
thread_local bool fails_on = false, failed = false;

[[maybe_unused]] bool fails() {
  if (until_failure == 0) return false;
  if (until_failure > 1) {
    --until_failure;
    return false;
  }
  if (!fails_on) until_failure = 0;
  failed = true;
  errno = ENOMEM;
  return true;
}

}  // namespace

#if FAILING_MALLOC
extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) { return fails() ? nullptr : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return fails() ? nullptr : __libc_calloc(count, size); }
void* realloc(void* block, size_t size) { return fails() ? nullptr : __libc_realloc(block, size); }
void* aligned_alloc(size_t alignment, size_t size) {
  return fails() ? nullptr : __libc_memalign(alignment, size);
}
int posix_memalign(void** out, size_t alignment, size_t size) {
  void* const block = fails() ? nullptr : __libc_memalign(alignment, size);
  if (block) *out = block;
  return block ? 0 : ENOMEM;
}
}
#endif

namespace test {

FailingMalloc::FailingMalloc(int64_t number, Fails which) {
  failed = false;
  fails_on = which == Fails::kAllFrom;
  until_failure = number;
}
FailingMalloc::~FailingMalloc() { until_failure = 0; }

bool FailingMalloc::has_failed() { return failed; }

}  // namespace test
