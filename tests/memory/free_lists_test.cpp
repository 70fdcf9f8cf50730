#include "memory/free_lists.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace test {
namespace {

using libtensor::memory::Block;
using libtensor::memory::FreeLists;

// By size, then address: what std::set does slowly.
struct Before {
  bool operator()(const Block* a, const Block* b) const {
    return std::pair(a->size, a->address) < std::pair(b->size, b->address);
  }
};

TEST(FreeLists, FindTheBestFitAsASortedSetDoes) {
  std::mt19937_64 random(1);
  FreeLists lists;
  std::set<Block*, Before> model;
  std::vector<std::unique_ptr<Block>> unused;
  for (int i = 0; i < 500; ++i) {
    unused.push_back(std::make_unique<Block>());
    unused.back()->address = static_cast<uintptr_t>(i + 1) << 21;
  }
  std::vector<std::unique_ptr<Block>> used;
  const auto size = [&] { return ((random() % 4096) << (random() % 20)) / 64 * 64 + 64; };
  for (int step = 0; step < 50000; ++step) {
    if (!unused.empty() && random() % 2) {
      std::swap(unused[random() % unused.size()], unused.back());
      Block* const block = unused.back().get();
      block->size = random() % 3 ? size() : 4096;  // many equals
      lists.insert(block);
      model.insert(block);
      used.push_back(std::move(unused.back()));
      unused.pop_back();
    } else if (!used.empty()) {
      std::swap(used[random() % used.size()], used.back());
      lists.erase(used.back().get());
      model.erase(used.back().get());
      unused.push_back(std::move(used.back()));
      used.pop_back();
    }
    Block wanted;
    wanted.size = size();
    const auto expected = model.lower_bound(&wanted);
    ASSERT_EQ(lists.find(wanted.size), expected == model.end() ? nullptr : *expected);
    if (step % 1000 == 0) {
      size_t count = 0;
      lists.for_each(wanted.size, [&](Block* block) {
        EXPECT_GE(block->size, wanted.size);
        ++count;
      });
      EXPECT_EQ(count, static_cast<size_t>(std::distance(expected, model.end())));
    }
  }
}

}  // namespace
}  // namespace test
