// The memory of one stream: ranges of addresses, the blocks that tile them, and the pieces of
// physical memory that stand behind some of them.
//
// With virtual memory a range is reserved once, far larger than the device; pieces are mapped where
// they are needed and taken away where nothing uses them, so a gap in the addresses costs nothing.
// Without it, each plain allocation is a range of its own with one piece behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <vector>

#include "core/fork.h"
#include "memory/block.h"
#include "memory/free_lists.h"
#include "memory/piece_table.h"
#include "memory/provider.h"
#include "memory/statistics.h"
#include "memory/stream_order.h"

namespace libtensor::memory {

// Where a block could go, partly on addresses without memory.
struct Place {
  uintptr_t start = 0;
  size_t missing = SIZE_MAX;  // bytes to map
  size_t gap = SIZE_MAX;      // size of the run of open blocks
  Block* first = nullptr;     // of that run; nullptr: there is no place
};

// What the provider's calls changed, for the device's counters.
struct Change {
  size_t added = 0;  // bytes
  size_t removed = 0;
  uint64_t calls = 0;
};

// What no block has any more, on its way back to the provider.
struct Returned {
  Span span;
  Physical memory;  // with virtual memory
};

// All of it is guarded by `mutex`; what changes memory, also by the allocator's lock for that.
class Arena {
 public:
  // `device_active` counts active bytes of all arenas together.
  Arena(MemoryProvider& provider, Stream stream, SharedLevel& device_active);
  ~Arena();  // whatever is left goes back to the provider
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  Stream stream() const { return order.stream(); }

  // Makes the first `size` bytes of a free block a used block.
  void take(Block* block, size_t size);
  // A used block becomes free, and one with its free neighbours.
  void give_back(Block* block) noexcept;

  // A freed block that other streams use: it waits for the events in block->uses.
  void put_off(Block* block) noexcept;
  bool has_waiting() const { return waiting_first_ != nullptr; }
  // Frees those whose events have passed; or waits for all of them, as far as that can be done.
  // True if it has waited.
  void poll_waiting() noexcept;
  bool wait_for_waiting() noexcept;

  // Where `size` bytes need the least memory mapped.
  Place best_place(size_t size) const;
  // Maps what the place lacks, in pieces of about `usual` bytes. Where memory is mapped, at least
  // `at_least` bytes are, as long as that adds no more than `room`. False: the provider has no
  // more memory; what was mapped until then is free memory.
  bool map(const Place& place, size_t size, size_t usual, size_t at_least, size_t room,
           Change* change);
  // The free block at the place, beginning there.
  Block* block_at(const Place& place);
  // More addresses. False: the process has none left.
  bool reserve(size_t bytes);
  // A plain allocation, which becomes a free block. False: the provider has no more memory.
  bool add_segment(size_t bytes, Change* change);
  // The same of memory that is there.
  void adopt_segment(void* start, size_t bytes, Change* change);

  // The pieces that lie wholly in a free block and outside `keep`, and whose memory nobody uses any
  // more, as far as is known how far the device has come.
  std::vector<Span> past_pieces(const Block* block, Span keep) const;
  size_t past_bytes(const Block* block, Span keep) const;
  // Takes such pieces of one block, in address order, out of the arena. They are mapped until the
  // caller has handed them to give_to(), which needs no lock of the arena's.
  void release(Block* block, const std::vector<Span>& pieces, Change* change,
               std::vector<Returned>* returned);
  // A block of `size` bytes at the free block's start would end in a piece that is now wholly free
  // and past: that piece, and where it could be cut in two. False: no such piece, or it would be
  // used up.
  bool find_cut(const Block* block, size_t size, Span* piece, uintptr_t* where) const;
  // Replaces the piece by two. False: the provider failed; memory was given back.
  bool cut(Block* block, Span piece, uintptr_t where, Change* change);

  template <class Visit>
  void for_each_block(Visit visit) const {
    for (const auto& [start, range] : ranges_) {
      for (const Block* block = range.first; block; block = block->next) visit(*block);
    }
  }

  ForkSafeMutex mutex{LockLevel::kArena};
  FreeLists free;
  StreamOrder order;
  StreamStatistics statistics;

 private:
  struct Range {
    size_t size;
    Block* first;
    PieceTable pieces;  // with virtual memory; else the range is one piece
  };

  void insert(Block* block) noexcept;
  void erase(Block* block) noexcept;
  Block* merge(Block* block) noexcept;
  void absorb_next(Block* block) noexcept;
  Block* split(Block* block, size_t size, std::unique_ptr<Block> spare) noexcept;
  Block* isolate(Block* block, Span span);
  Range& range_of(uintptr_t address) { return std::prev(ranges_.upper_bound(address))->second; }
  const Range& range_of(uintptr_t address) const {
    return std::prev(ranges_.upper_bound(address))->second;
  }
  Span whole_part(const Block* block) const;
  void stamp(const Block* block) noexcept;
  size_t bytes_to_map(const Block* first, Span span) const;
  bool map_piece(Span piece, PieceTable& pieces, Change* change);
  bool map_pieces(Span span, size_t first, size_t others, Change* change, uintptr_t* reached);
  void open_pieces(Span span, Change* change, uintptr_t* reached);
  Block* fill(Block* block, size_t first, size_t others, Change* change, bool* all);
  Returned detach(Span piece, Change* change) noexcept;
  void unmap_piece(Span piece, Change* change) noexcept;
  void add_range(void* start, size_t bytes, std::unique_ptr<Block> block);
  void free_waiting(Block* block) noexcept;
  void drop_uses(Block* block) noexcept;
  bool is_marked(OtherUse* use) noexcept;

  MemoryProvider& provider_;
  SharedLevel& device_active_;
  const ProviderProperties properties_;
  std::map<uintptr_t, Range> ranges_;
  Block* unmapped_ = nullptr;
  Block* waiting_first_ = nullptr;
  Block* waiting_last_ = nullptr;
};

void give_to(MemoryProvider& provider, bool virtual_memory, const Returned& piece) noexcept;

}  // namespace libtensor::memory
