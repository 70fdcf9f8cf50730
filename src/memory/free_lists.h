// Free blocks by size: finds the smallest that is large enough, and of equals the one with the
// lowest address. Best fit leaves the fewest odd remainders; low addresses keep the upper end of
// the range free.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "memory/block.h"

namespace libtensor::memory {

// A bin for every sixteenth of an octave, found by arithmetic, and a bitmap of those that hold
// something (Masmano et al., "TLSF", ECRTS 2004); inside a bin a treap by size and address, since
// one bin may hold very many blocks of one size. A block's size must not change while it is here.
class FreeLists {
 public:
  void insert(Block* block);
  void erase(Block* block);
  // nullptr where none is large enough. The block stays in the list.
  Block* find(size_t size) const;

  // Visits all blocks of at least `size` bytes.
  template <class Visit>
  void for_each(size_t size, Visit visit) const {
    for (int bin = bin_of(size); bin >= 0; bin = next_bin(bin)) walk(roots_[bin], size, visit);
  }

 private:
  static constexpr int kSteps = 16;  // bins in an octave
  static constexpr int kUnitBits = 6;
  static constexpr int kBins = (64 - kUnitBits - 3) * kSteps;
  static constexpr int kWords = (kBins + 63) / 64;

  static int bin_of(size_t size);
  int next_bin(int bin) const;  // that holds something; -1: none

  template <class Visit>
  static void walk(Block* node, size_t size, Visit& visit) {
    if (!node) return;
    walk(node->left, size, visit);
    if (node->size >= size) visit(node);
    walk(node->right, size, visit);
  }

  std::array<Block*, kBins> roots_{};
  std::array<uint64_t, kWords> occupied_{};
};

}  // namespace libtensor::memory
