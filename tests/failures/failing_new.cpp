#include "failures/failing_new.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace test {

std::atomic<int64_t> live_blocks{0}, made_blocks{0}, until_failure{0};

}  // namespace test

namespace {

using namespace test;

void* allocate(size_t size, size_t alignment) {
  if (until_failure > 0 && --until_failure == 0) throw std::bad_alloc();
  size = (std::max<size_t>(size, 1) + alignment - 1) / alignment * alignment;
  void* const block = std::aligned_alloc(alignment, size);
  if (!block) throw std::bad_alloc();
  ++live_blocks;
  ++made_blocks;
  return block;
}
void release(void* block) {
  if (!block) return;
  --live_blocks;
  std::free(block);
}

}  // namespace

// All of them: what is left out, a sanitizer has of its own.
constexpr size_t kPlain = alignof(std::max_align_t);
void* operator new(size_t size) { return allocate(size, kPlain); }
void* operator new[](size_t size) { return allocate(size, kPlain); }
void* operator new(size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<size_t>(alignment));
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  try {
    return allocate(size, kPlain);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](size_t size, const std::nothrow_t& tag) noexcept {
  return operator new(size, tag);
}
void operator delete(void* block) noexcept { release(block); }
void operator delete[](void* block) noexcept { release(block); }
void operator delete(void* block, size_t) noexcept { release(block); }
void operator delete[](void* block, size_t) noexcept { release(block); }
void operator delete(void* block, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, size_t, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { release(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { release(block); }
