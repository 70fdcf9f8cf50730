#include "memory/piece_table.h"

#include <algorithm>
#include <bit>

namespace libtensor::memory {

PieceTable::PieceTable(uintptr_t start, size_t page)
    : start_(start), shift_(std::countr_zero(page)) {}

void PieceTable::make_room(uintptr_t end) {
  const size_t pages = (end - start_ + (size_t{1} << shift_) - 1) >> shift_;
  if (pages > pages_.size()) pages_.resize(std::max(pages, 2 * pages_.size()));
}

void PieceTable::add(Span piece, Physical memory) noexcept {
  const size_t first = (piece.begin - start_) >> shift_, count = piece.size() >> shift_;
  pages_[first] = {0, static_cast<uint32_t>(count), 0, memory};
  for (size_t i = 1; i < count; ++i) pages_[first + i].back = static_cast<uint32_t>(i);
}

Physical PieceTable::remove(uintptr_t begin) noexcept {
  page(begin).count = 0;
  return page(begin).memory;
}

bool PieceTable::find_any(uintptr_t* begin) const {
  for (size_t i = 0; i < pages_.size(); ++i) {
    if (pages_[i].count == 0) continue;
    *begin = start_ + (i << shift_);
    return true;
  }
  return false;
}

}  // namespace libtensor::memory
