#include "memory/host_provider.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "memory/poison.h"

namespace libtensor::memory {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

ProviderProperties HostProvider::properties() const {
  ProviderProperties properties;
  properties.name = "host memory";
  properties.granularity = kHugePage;
  properties.alignment = 64;  // a cache line, and the widest vector
  properties.streams = false;
  // Fresh pages cost far more than cached ones: each is cleared and faulted in.
  properties.slack = 0.5;
  return properties;
}

MemoryProvider::Info HostProvider::info() {
  const auto pages = static_cast<size_t>(sysconf(_SC_AVPHYS_PAGES));
  return {SIZE_MAX, pages * static_cast<size_t>(sysconf(_SC_PAGESIZE))};
}

void* HostProvider::allocate(size_t bytes) {
  const size_t whole = bytes + kHugePage;
  if (whole < bytes) return nullptr;
  void* const start =
      mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  // Cut down to an aligned part.
  const auto begin = reinterpret_cast<uintptr_t>(start);
  const uintptr_t aligned = (begin + kHugePage - 1) & ~(kHugePage - 1);
  if (aligned > begin) munmap(start, aligned - begin);
  if (const size_t rest = begin + whole - (aligned + bytes)) {
    munmap(reinterpret_cast<void*>(aligned + bytes), rest);
  }
  void* const data = reinterpret_cast<void*>(aligned);
#ifdef MADV_HUGEPAGE
  // Clearing a huge page takes long, so not where a few small blocks are all there is.
  if (bytes >= 2 * kHugePage) madvise(data, bytes, MADV_HUGEPAGE);
#endif
  poison(data, bytes);
  return data;
}

void HostProvider::free(void* data, size_t bytes) noexcept {
  unpoison(data, bytes);
  munmap(data, bytes);
}

}  // namespace libtensor::memory
