#include "memory/free_lists.h"

#include <bit>

namespace libtensor::memory {
namespace {

bool before(const Block* a, const Block* b) {
  return a->size != b->size ? a->size < b->size : a->address < b->address;
}

// What keeps a treap balanced: it need only look random, and the address is at hand.
uint64_t priority(const Block* block) { return block->address * 0x9E3779B97F4A7C15u; }

Block** child_towards(Block* node, const Block* block) {
  return before(block, node) ? &node->left : &node->right;
}

// Splits `tree` into what comes before `block` and what comes after.
void split(Block* tree, const Block* block, Block** less, Block** greater) {
  while (tree) {
    if (before(tree, block)) {
      *less = tree;
      less = &tree->right;
      tree = tree->right;
    } else {
      *greater = tree;
      greater = &tree->left;
      tree = tree->left;
    }
  }
  *less = *greater = nullptr;
}

// Joins two trees; all of `less` comes before all of `greater`.
Block* join(Block* less, Block* greater) {
  Block* root = nullptr;
  Block** place = &root;
  while (less && greater) {
    if (priority(less) > priority(greater)) {
      *place = less;
      place = &less->right;
      less = less->right;
    } else {
      *place = greater;
      place = &greater->left;
      greater = greater->left;
    }
  }
  *place = less ? less : greater;
  return root;
}

}  // namespace

int FreeLists::bin_of(size_t size) {
  const size_t units = size >> kUnitBits;
  if (units < kSteps) return static_cast<int>(units);
  const int octave = std::bit_width(units) - 1;  // at least 4
  return (octave - 3) * kSteps + static_cast<int>((units >> (octave - 4)) & (kSteps - 1));
}

int FreeLists::next_bin(int bin) const {
  int word = ++bin / 64;
  if (word >= kWords) return -1;
  uint64_t bits = occupied_[word] & (~uint64_t{0} << (bin % 64));
  while (bits == 0) {
    if (++word == kWords) return -1;
    bits = occupied_[word];
  }
  return word * 64 + std::countr_zero(bits);
}

void FreeLists::insert(Block* block) {
  const int bin = bin_of(block->size);
  occupied_[bin / 64] |= uint64_t{1} << (bin % 64);
  Block** place = &roots_[bin];
  while (*place && priority(*place) > priority(block)) place = child_towards(*place, block);
  split(*place, block, &block->left, &block->right);
  *place = block;
}

void FreeLists::erase(Block* block) {
  const int bin = bin_of(block->size);
  Block** place = &roots_[bin];
  while (*place != block) place = child_towards(*place, block);
  *place = join(block->left, block->right);
  if (!roots_[bin]) occupied_[bin / 64] &= ~(uint64_t{1} << (bin % 64));
}

Block* FreeLists::find(size_t size) const {
  int bin = bin_of(size);
  Block* best = nullptr;
  for (Block* node = roots_[bin]; node;) {
    if (node->size >= size) {
      best = node;
      node = node->left;
    } else {
      node = node->right;
    }
  }
  if (best) return best;
  bin = next_bin(bin);
  if (bin < 0) return nullptr;
  for (best = roots_[bin]; best->left;) best = best->left;
  return best;
}

}  // namespace libtensor::memory
