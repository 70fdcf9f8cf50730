// The pieces of physical memory behind a range of addresses, by page: which piece an address lies
// in is found by arithmetic.
#pragma once

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

  // Any piece that is there: where it begins. False: there is none.
  bool find_any(uintptr_t* begin) const;

 private:
  struct Page {
    Physical memory = 0;  // of a piece's first page
    uint32_t count = 0;   // likewise: pages of the piece; 0: none begins here
    uint32_t back = 0;    // pages from the piece's first to this one
  };

  uintptr_t start_;
  int shift_;
  std::vector<Page> pages_;
};

}  // namespace libtensor::memory
