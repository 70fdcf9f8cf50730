#include "device_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "blocks.h"

namespace cuda_emulator {
namespace {

constexpr size_t kAlignment = 512;  // cudaMalloc's
constexpr size_t kGap = 1024;       // between two allocations, of nobody
constexpr size_t kLarge = size_t{256} << 10;
// Small allocations share few pages.
constexpr size_t kSmallRegion = size_t{6} << 20;
constexpr unsigned char kFreshByte = 0xff;  // a NaN in every floating dtype
constexpr unsigned char kFreedByte = 0xfe;

struct Allocation {
  size_t bytes;
  int device;  // -1: reserved addresses
};

struct Memory {
  Memory() {
    void* const data =
        mmap(nullptr, kArenaBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data == MAP_FAILED) std::abort();
    madvise(data, kArenaBytes, MADV_DONTDUMP);
    shadow = Shadow(reinterpret_cast<uintptr_t>(data), kArenaBytes);
  }

  uintptr_t place(size_t bytes, size_t alignment) {
    const uintptr_t middle = shadow.begin + kSmallRegion;
    if (bytes < kLarge) {
      if (const uintptr_t found = place_in(shadow.begin, middle, next_small, bytes, alignment)) {
        return found;
      }
    }
    return place_in(middle, shadow.begin + shadow.bytes, next_large, bytes, alignment);
  }

  // Next fit: a freed range is used again as late as can be, so that a use after free is seen.
  uintptr_t place_in(uintptr_t first, uintptr_t last, uintptr_t& next, size_t bytes,
                     size_t alignment) {
    for (int round = 0; round < 2; ++round) {
      if (round == 1 || next < first) next = first + kGap;
      for (auto after = ranges.lower_bound(next);; ++after) {
        const uintptr_t begin = (next + alignment - 1) & ~(alignment - 1);
        const bool at_end = after == ranges.end() || after->first >= last;
        if (begin + bytes + kGap <= (at_end ? last : after->first)) {
          next = begin + bytes + kGap;
          return begin;
        }
        if (at_end) break;
        next = after->first + after->second.bytes + kGap;
      }
    }
    return 0;
  }

  Shadow shadow;
  uintptr_t next_small = 0, next_large = 0;
  std::map<uintptr_t, Allocation> ranges;
  std::map<int, size_t> used;
  size_t capacity = size_t{4} << 30;
  int windows = 0;
  std::vector<std::pair<size_t, size_t>> open;  // first and last of neighbouring pieces
};

Memory& memory() {
  static auto* state = new Memory;
  return *state;
}

void fill(uintptr_t begin, size_t bytes, unsigned char value) {
  if (bytes == 0) return;
  const MemoryWindow window;
  open_memory(begin, bytes);
  std::memset(reinterpret_cast<void*>(begin), value, bytes);
}

void protect(size_t first, size_t last, int protection) {
  mprotect(reinterpret_cast<void*>(device_shadow().begin + first * kPieceBytes),
           (last - first + 1) * kPieceBytes, protection);
}

}  // namespace

uint8_t piece_is_open[kArenaBytes / kPieceBytes];

Shadow& device_shadow() { return memory().shadow; }

void* allocate_device(int device, size_t bytes) {
  Memory& m = memory();
  const size_t rounded = (std::max<size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  if (!charge(device, rounded)) return nullptr;
  const uintptr_t begin = m.place(rounded, kAlignment);
  if (!begin) {
    refund(device, rounded);
    return nullptr;
  }
  m.ranges[begin] = {bytes, device};
  m.shadow.reset(begin, bytes, kUninitialised);
  fill(begin, bytes, kFreshByte);
  return reinterpret_cast<void*>(begin);
}

bool free_device(void* data) {
  Memory& m = memory();
  const auto found = m.ranges.find(reinterpret_cast<uintptr_t>(data));
  if (found == m.ranges.end() || found->second.device < 0) return false;
  const auto [begin, allocation] = *found;
  refund(allocation.device,
         (std::max<size_t>(allocation.bytes, 1) + kAlignment - 1) / kAlignment * kAlignment);
  m.ranges.erase(found);
  m.shadow.reset(begin, allocation.bytes, kUnaddressable);
  if (allocation.bytes >= kLarge) {  // also gives the pages back
    madvise(reinterpret_cast<void*>((begin + 4095) & ~uintptr_t{4095}),
            (allocation.bytes - 4096) & ~size_t{4095}, MADV_DONTNEED);
  } else {
    fill(begin, allocation.bytes, kFreedByte);
  }
  return true;
}

bool charge(int device, size_t bytes) {
  Memory& m = memory();
  if (bytes > m.capacity || m.used[device] > m.capacity - bytes) return false;
  m.used[device] += bytes;
  return true;
}
void refund(int device, size_t bytes) { memory().used[device] -= bytes; }
size_t allocated_bytes(int device) { return memory().used[device]; }
size_t capacity() { return memory().capacity; }
void set_capacity(size_t bytes) { memory().capacity = bytes; }

std::string describe_allocations() {
  std::ostringstream text;
  size_t count = 0, bytes = 0;
  for (const auto& [begin, allocation] : memory().ranges) {
    if (allocation.device < 0) continue;
    ++count;
    bytes += allocation.bytes;
  }
  if (count == 0) return "";
  text << count << (count == 1 ? " allocation" : " allocations") << " of device memory, " << bytes
       << " bytes, never freed";
  return text.str();
}

std::string describe_address(uintptr_t address) {
  std::ostringstream text;
  if (const BlockPlace block = block_before(address); address - block.begin < block.bytes + kGap) {
    const size_t offset = address - block.begin;
    if (offset < block.bytes) {
      text << "byte " << offset << " of a block of " << block.bytes << " bytes";
    } else {
      text << offset - block.bytes << " bytes beyond the end of a block of " << block.bytes
           << " bytes";
    }
    return text.str();
  }
  const auto& ranges = memory().ranges;
  auto found = ranges.upper_bound(address);
  if (found == ranges.begin()) return "memory that was never allocated";
  --found;
  const size_t offset = address - found->first;
  if (found->second.device < 0) return "memory that is not allocated now";
  if (offset < found->second.bytes) {
    text << "byte " << offset << " of an allocation of " << found->second.bytes << " bytes";
  } else if (offset < found->second.bytes + kGap) {
    text << offset - found->second.bytes << " bytes beyond the end of an allocation of "
         << found->second.bytes << " bytes";
  } else {
    text << "memory that is not allocated now";
  }
  return text.str();
}

void* reserve_addresses(size_t bytes) {
  constexpr size_t kPiece = size_t{2} << 20;
  const uintptr_t begin = memory().place(bytes, kPiece);
  if (begin) memory().ranges[begin] = {bytes, -1};
  return reinterpret_cast<void*>(begin);
}

void release_addresses(void* address) {
  memory().ranges.erase(reinterpret_cast<uintptr_t>(address));
}

bool is_reserved(uintptr_t address, size_t bytes) {
  const auto& ranges = memory().ranges;
  auto found = ranges.upper_bound(address);
  if (found == ranges.begin()) return false;
  --found;
  return found->second.device < 0 && address + bytes <= found->first + found->second.bytes;
}

void open_pieces(size_t first, size_t last) {
  protect(first, last, PROT_READ | PROT_WRITE);
  std::memset(piece_is_open + first, 1, last - first + 1);
  auto& open = memory().open;
  // Work goes through memory from one end to the other.
  if (!open.empty() && open.back().second + 1 == first) {
    open.back().second = last;
  } else {
    open.emplace_back(first, last);
  }
}

MemoryWindow::MemoryWindow() { ++memory().windows; }

MemoryWindow::~MemoryWindow() {
  Memory& m = memory();
  if (--m.windows > 0) return;
  for (const auto& [first, last] : m.open) {
    protect(first, last, PROT_NONE);
    std::memset(piece_is_open + first, 0, last - first + 1);
  }
  m.open.clear();
}

}  // namespace cuda_emulator
