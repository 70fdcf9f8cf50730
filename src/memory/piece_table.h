// The pieces of physical memory behind a range of addresses, by page: which piece an address lies
// in is found by arithmetic.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "memory/provider.h"

namespace libtensor::memory {

// A run of addresses.
struct Span {
  uintptr_t begin = 0;
  uintptr_t end = 0;

  size_t size() const { return end - begin; }
};

class PieceTable {
 public:
  // A page is the provider's granularity, a power of two; `start` is a multiple of it.
  PieceTable(uintptr_t start, size_t page);

  // Room for pieces up to this address, so that add() cannot fail. Throws std::bad_alloc.
  void make_room(uintptr_t end);
  void add(Span piece, Physical memory) noexcept;
  // Forgets the piece that begins here.
  Physical remove(uintptr_t begin) noexcept;

  // The piece at an address where there is one.
  Span at(uintptr_t address) const {
    const size_t index = (address - start_) >> shift_;
    const size_t first = index - pages_[index].back;
    const uintptr_t begin = start_ + (first << shift_);
    return {begin, begin + (size_t{pages_[first].count} << shift_)};
  }
  // From the begin of the first to the end of the last piece that lies wholly in `mapped`, a run of
  // addresses with memory behind them; empty where there is none.
  Span whole_in(Span mapped) const {
    const Span first = at(mapped.begin), last = at(mapped.end - 1);
    const uintptr_t begin = first.begin == mapped.begin ? first.begin : first.end;
    const uintptr_t end = last.end == mapped.end ? last.end : last.begin;
    return begin < end ? Span{begin, end} : Span{};
  }

  // When something that lay in a piece was last freed, see stream_order.h; 0: not since it is
  // there.
  uint64_t epoch(uintptr_t begin) const { return page(begin).epoch; }
  // Says so of all pieces of which any part lies in `freed`.
  void stamp(Span freed, uint64_t epoch) {
    for (uintptr_t address = freed.begin; address < freed.end;) {
      const Span piece = at(address);
      uint64_t& newest = page(piece.begin).epoch;
      newest = std::max(newest, epoch);
      address = piece.end;
    }
  }

  // Any piece that is there: where it begins. False: there is none.
  bool find_any(uintptr_t* begin) const;

 private:
  struct Page {
    uint32_t back = 0;   // pages from the piece's first to this one
    uint32_t count = 0;  // of a piece's first page: its pages; 0: none begins here
    uint64_t epoch = 0;  // likewise
    Physical memory = 0;
  };

  const Page& page(uintptr_t address) const { return pages_[(address - start_) >> shift_]; }
  Page& page(uintptr_t address) { return pages_[(address - start_) >> shift_]; }

  uintptr_t start_;
  int shift_;
  std::vector<Page> pages_;
};

}  // namespace libtensor::memory
