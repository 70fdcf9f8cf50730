#include "memory/live_blocks.h"

#include <mutex>
#include <utility>

namespace libtensor::memory {

LiveBlocks::Entry* LiveBlocks::Part::find(uint64_t hash, uintptr_t address) {
  if (bits == 0) return nullptr;
  const size_t mask = (size_t{1} << bits) - 1;
  for (size_t i = first_choice(hash); entries[i].address != 0; i = (i + 1) & mask) {
    if (entries[i].address == address) return &entries[i];
  }
  return nullptr;
}

void LiveBlocks::Part::place(Entry entry) {
  const size_t mask = (size_t{1} << bits) - 1;
  size_t i = first_choice(hash(entry.address));
  while (entries[i].address != 0) i = (i + 1) & mask;
  entries[i] = entry;
}

void LiveBlocks::Part::grow() {
  const size_t old_room = bits == 0 ? 0 : size_t{1} << bits;
  auto old = std::make_unique<Entry[]>(old_room == 0 ? 64 : 2 * old_room);
  old.swap(entries);
  bits = bits == 0 ? 6 : bits + 1;
  for (size_t i = 0; i < old_room; ++i) {
    if (old[i].address != 0) place(old[i]);
  }
}

void LiveBlocks::insert(Block* block) {
  Part& part = part_of(block->address);
  std::lock_guard lock(part.mutex);
  if (2 * (part.count + 1) > (size_t{1} << part.bits)) part.grow();
  part.place({block->address, block});
  ++part.count;
}

Block* LiveBlocks::remove(uintptr_t address) noexcept {
  Part& part = part_of(address);
  std::lock_guard lock(part.mutex);
  Entry* const entry = part.find(hash(address), address);
  if (!entry) return nullptr;
  Block* const block = entry->block;
  // Entries behind move up, so that no search meets a hole before its entry.
  const size_t mask = (size_t{1} << part.bits) - 1;
  size_t hole = entry - part.entries.get();
  for (size_t i = (hole + 1) & mask; part.entries[i].address != 0; i = (i + 1) & mask) {
    const size_t wanted = part.first_choice(hash(part.entries[i].address));
    if (((i - wanted) & mask) >= ((i - hole) & mask)) {
      part.entries[hole] = part.entries[i];
      hole = i;
    }
  }
  part.entries[hole] = {};
  --part.count;
  return block;
}

}  // namespace libtensor::memory
