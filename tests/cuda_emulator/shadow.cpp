#include "shadow.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

namespace cuda_emulator {
namespace {

template <class T>
T* map_zeroes(size_t count) {
  void* const data = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) std::abort();
  madvise(data, count * sizeof(T), MADV_DONTDUMP);
  return static_cast<T*>(data);
}

// Whole pages are given back to the system, which is cheaper than to write them.
void clear(Use* uses, size_t count) {
  constexpr uintptr_t kPage = 4096;
  char* const begin = reinterpret_cast<char*>(uses);
  char* const end = begin + count * sizeof(Use);
  char* const first =
      reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(begin) + kPage - 1) & ~(kPage - 1));
  char* const last = reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(end) & ~(kPage - 1));
  if (last <= first + 16 * kPage) {
    std::memset(static_cast<void*>(begin), 0, end - begin);
    return;
  }
  std::memset(static_cast<void*>(begin), 0, first - begin);
  madvise(first, last - first, MADV_DONTNEED);
  std::memset(static_cast<void*>(last), 0, end - last);
}

}  // namespace

Shadow::Shadow(uintptr_t address, size_t size)
    : begin(address),
      bytes(size),
      states(map_zeroes<uint8_t>(bytes)),
      writes(map_zeroes<Use>(bytes)),
      used(map_zeroes<uint8_t>(bytes / kChunk + 1)) {
  for (Use*& set : reads) set = map_zeroes<Use>(bytes);
  for (uint8_t*& set : read_in) set = map_zeroes<uint8_t>(bytes / kChunk + 1);
}

void Shadow::set_state(uintptr_t address, size_t size, ByteState state) {
  std::memset(states + (address - begin), state, size);
}

void Shadow::reset(uintptr_t address, size_t size, ByteState state) {
  const size_t at = address - begin;
  set_state(address, size, state);
  clear(writes + at, size);
  for (Use* set : reads) clear(set + at, size);
}

void Shadow::forget_uses() {
  clear(writes, bytes);
  for (Use* set : reads) clear(set, bytes);
}

}  // namespace cuda_emulator
