#include "cpu/scratch.h"

#include <new>

#include "core/thread_local.h"
#include "memory/host_memory.h"

namespace libtensor::cpu {
namespace {

constexpr size_t kKept = size_t{4} << 20;

struct ThreadScratch {
  void* data = nullptr;
  size_t bytes = 0;
  bool in_use = false;

  ~ThreadScratch();
};

constexpr ThreadPointer<ThreadScratch, ThreadWord::kScratch> scratch;

ThreadScratch::~ThreadScratch() {
  scratch = nullptr;
  host_free(data, bytes);
}

ThreadScratch& thread_scratch() {
  if (!scratch) scratch = delete_at_thread_exit(new ThreadScratch);
  return *scratch;
}

}  // namespace

Scratch::Scratch(size_t bytes) {
  ThreadScratch& own = thread_scratch();
  cached_ = bytes <= kKept && !own.in_use;
  if (!cached_) {
    data_ = ::operator new(bytes, std::align_val_t(64));
    return;
  }
  if (own.bytes < bytes) {
    void* const fresh = host_allocate(bytes);
    host_free(own.data, own.bytes);
    own.data = fresh;
    own.bytes = bytes;
  }
  own.in_use = true;
  data_ = own.data;
}

Scratch::~Scratch() {
  if (cached_)
    thread_scratch().in_use = false;
  else
    ::operator delete(data_, std::align_val_t(64));
}

}  // namespace libtensor::cpu
