// Which block an address in a caller's hands belongs to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/fork.h"
#include "memory/block.h"

namespace libtensor::memory {

// A hash table in parts, each behind a lock of its own that is held for some nanoseconds, so that
// streams and threads seldom meet.
class LiveBlocks {
 public:
  // Room for one more entry near `address`, so that insert() cannot fail. Throws std::bad_alloc.
  void insert(Block* block);
  // Takes the entry out. nullptr: no live block begins there.
  Block* remove(uintptr_t address) noexcept;
  // Calls visit(block) for the block at the address, if there is one, while it cannot be freed.
  template <class Visit>
  bool find(uintptr_t address, Visit visit) {
    Part& part = part_of(address);
    std::lock_guard lock(part.mutex);
    Entry* entry = part.find(hash(address), address);
    if (!entry) return false;
    visit(entry->block);
    return true;
  }

 private:
  static constexpr int kPartBits = 4;

  struct Entry {
    uintptr_t address = 0;  // 0: empty
    Block* block = nullptr;
  };
  // Linear probing; an entry's first choice is the top bits of its hash.
  struct alignas(64) Part {
    ForkSafeMutex mutex{LockLevel::kLiveBlocks};
    std::unique_ptr<Entry[]> entries;
    size_t count = 0;
    int bits = 0;  // log2 of the room in `entries`

    size_t first_choice(uint64_t hash) const { return hash << kPartBits >> (64 - bits); }
    Entry* find(uint64_t hash, uintptr_t address);
    void grow();
    void place(Entry entry);
  };

  // Multiplicative (Knuth, TAOCP 3, 6.4): the top bits depend on all bits of the address.
  static uint64_t hash(uintptr_t address) { return address * 0x9E3779B97F4A7C15u; }
  Part& part_of(uintptr_t address) { return parts_[hash(address) >> (64 - kPartBits)]; }

  std::array<Part, 1 << kPartBits> parts_;
};

}  // namespace libtensor::memory
