#include "memory/host_memory.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <mutex>

#include "core/error.h"
#include "core/fork.h"

namespace libtensor {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kAddressSpace = size_t{1} << 47;  // no request beyond it can be met

void* allocate_from_system(size_t bytes, size_t asked) {
  void* data = nullptr;
  if (bytes > kAddressSpace || posix_memalign(&data, kAlignment, bytes) != 0) {
    fail(Status::kOutOfMemory, "not enough memory: you tried to allocate ", asked, " bytes.");
  }
  return data;
}

// Under a sanitizer each block is an allocation of its own, so that a use after release is seen.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kMaxCached = 0;
#else
constexpr size_t kMaxCached = size_t{4} << 20;
#endif
constexpr size_t kMinBlock = 64;
constexpr size_t kClassBytes = size_t{8} << 20;  // kept in one class at most
constexpr int kSteps = 4;                        // classes between two powers of two

struct FreeBlock {
  FreeBlock* next;
};

// A size class for every quarter of an octave wastes at most a fifth of a block.
int class_of(size_t bytes) {
  const size_t size = std::max(bytes, kMinBlock) - 1;
  const int octave = std::bit_width(size) - 1;  // 2^octave <= size < 2^(octave + 1)
  const int step = static_cast<int>(size >> (octave - 2)) & (kSteps - 1);
  return (octave - 5) * kSteps + step;
}
size_t size_of_class(int size_class) {
  const int octave = size_class / kSteps + 5, step = size_class % kSteps;
  return (size_t{1} << octave) + (size_t{step + 1u} << (octave - 2));
}

struct SizeClass {
  ForkSafeMutex mutex{LockLevel::kMemory};
  FreeBlock* head = nullptr;
  size_t count = 0;
};

constexpr int kClasses = 80;

// Never destroyed: a tensor may be released after the library's static objects are gone.
SizeClass* size_classes() {
  alignas(SizeClass) static unsigned char memory[kClasses * sizeof(SizeClass)];
  static SizeClass* classes = [] {
    for (int i = 0; i < kClasses; ++i) new (memory + i * sizeof(SizeClass)) SizeClass;
    return reinterpret_cast<SizeClass*>(memory);
  }();
  return classes;
}

}  // namespace

void* host_allocate(size_t bytes) {
  if (bytes > kMaxCached) return allocate_from_system(bytes, bytes);
  const int index = class_of(bytes);
  SizeClass& size_class = size_classes()[index];
  {
    std::lock_guard lock(size_class.mutex);
    if (FreeBlock* block = size_class.head) {
      size_class.head = block->next;
      --size_class.count;
      return block;
    }
  }
  return allocate_from_system(size_of_class(index), bytes);
}

void host_free(void* data, size_t bytes) noexcept {
  if (!data) return;
  if (bytes > kMaxCached) return std::free(data);
  const int index = class_of(bytes);
  SizeClass& size_class = size_classes()[index];
  {
    std::lock_guard lock(size_class.mutex);
    if (size_class.count * size_of_class(index) < kClassBytes) {
      FreeBlock* block = static_cast<FreeBlock*>(data);
      block->next = size_class.head;
      size_class.head = block;
      ++size_class.count;
      return;
    }
  }
  std::free(data);
}

}  // namespace libtensor
