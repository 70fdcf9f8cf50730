#include "cpu/scratch.h"

#include <new>

#include "core/thread_local.h"
#include "memory/host_memory.h"

namespace libtensor::cpu {
namespace {

constexpr size_t kKept = size_t{4} << 20;

// What is kept is none of the tensors' memory: that may be the program's, and goes back to it.
constexpr std::align_val_t kAlignment{64};
void* allocate_kept(size_t bytes) { return ::operator new(bytes, kAlignment); }
void free_kept(void* data) { ::operator delete(data, kAlignment); }

struct ThreadScratch {
  void* data = nullptr;
  size_t bytes = 0;
  bool in_use = false;

  ~ThreadScratch();
};

constexpr ThreadPointer<ThreadScratch, ThreadWord::kScratch> scratch;

ThreadScratch::~ThreadScratch() {
  scratch = nullptr;
  free_kept(data);
}

ThreadScratch& thread_scratch() {
  if (!scratch) scratch = make_for_thread<ThreadScratch>();
  return *scratch;
}

}  // namespace

Scratch::Scratch(size_t bytes) : bytes_(bytes) {
  ThreadScratch& own = thread_scratch();
  cached_ = bytes <= kKept && !own.in_use;
  if (!cached_) {
    data_ = host_allocate(bytes);
    return;
  }
  if (own.bytes < bytes) {
    void* const fresh = allocate_kept(bytes);
    free_kept(own.data);
    own.data = fresh;
    own.bytes = bytes;
  }
  own.in_use = true;
  data_ = own.data;
}

Scratch::~Scratch() {
  if (cached_)
    scratch->in_use = false;
  else
    host_free(data_, bytes_);
}

}  // namespace libtensor::cpu
