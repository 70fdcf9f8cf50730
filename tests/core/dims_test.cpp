// The short list of integers, against std::vector.
#include "core/dims.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <vector>

namespace libtensor {
namespace {

using List = std::vector<int64_t>;

Dims counted(int size) {
  Dims dims;
  for (int i = 0; i < size; ++i) dims.push_back(i);
  return dims;
}
List list(const Dims& dims) { return {dims.begin(), dims.end()}; }
List counted_list(int size) { return list(counted(size)); }

TEST(Dims, GrowsFromInlineToTheHeap) {
  for (int size = 0; size <= kMaxDims; ++size) {
    const Dims dims = counted(size);
    ASSERT_EQ(dims.size(), size);
    for (int i = 0; i < size; ++i) ASSERT_EQ(dims[i], i);
  }
}

TEST(Dims, CopiesAndMovesBetweenAllSizes) {
  for (int from : {0, 1, 7, 8, 9, 20}) {
    for (int to : {0, 1, 7, 8, 9, 20}) {
      const Dims source = counted(from);
      Dims copied = counted(to), moved = counted(to), moved_from = source;
      copied = source;
      EXPECT_EQ(list(copied), counted_list(from));
      EXPECT_EQ(list(source), counted_list(from));
      moved = std::move(moved_from);
      EXPECT_EQ(list(moved), counted_list(from));
      moved_from = counted(to);  // still usable
      EXPECT_EQ(list(moved_from), counted_list(to));
      const Dims constructed(std::move(moved));
      EXPECT_EQ(list(constructed), counted_list(from));
    }
  }
}

TEST(Dims, AssignmentToItselfKeepsIt) {
  for (int size : {3, 20}) {
    Dims dims = counted(size);
    Dims& same = dims;
    dims = same;
    EXPECT_EQ(list(dims), counted_list(size));
    dims = std::move(same);
    EXPECT_EQ(list(dims), counted_list(size));
  }
}

TEST(Dims, ResizeKeepsTheFirst) {
  Dims dims = counted(8);
  dims.resize(30);
  EXPECT_EQ(List(dims.begin(), dims.begin() + 8), counted_list(8));
  dims.resize(2);
  EXPECT_EQ(list(dims), counted_list(2));
}

TEST(Dims, ConstructorsAgree) {
  EXPECT_EQ(list(Dims(3, 7)), (List{7, 7, 7}));
  EXPECT_EQ(list(Dims(12, -1)), List(12, -1));
  EXPECT_EQ(list(Dims{1, 2, 3}), (List{1, 2, 3}));
  const List values = counted_list(10);
  EXPECT_EQ(list(Dims(std::span<const int64_t>(values))), values);
}

TEST(Dims, ComparesByContents) {
  EXPECT_EQ(Dims({1, 2}), Dims({1, 2}));
  EXPECT_NE(Dims({1, 2}), Dims({1, 2, 3}));
  EXPECT_NE(Dims({1, 2}), Dims({1, 3}));
  Dims was_long = counted(20);
  was_long.resize(2);
  EXPECT_EQ(was_long, counted(2)) << "one on the heap, one not";
}

TEST(Dims, PrintsAsASize) {
  std::ostringstream out;
  out << Dims{} << Dims{4} << Dims{2, -3};
  EXPECT_EQ(out.str(), "[][4][2, -3]");
}

TEST(Dims, RandomEditsEqualAVectors) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    Dims dims;
    List model;
    for (int step = 0; step < 60; ++step) {
      const int size = static_cast<int>(model.size());
      const auto value = static_cast<int64_t>(random());
      switch (random() % 5) {
        case 0:
        case 1: {
          const int at = static_cast<int>(random() % (size + 1));
          dims.insert(at, value);
          model.insert(model.begin() + at, value);
          break;
        }
        case 2:
          dims.push_back(value);
          model.push_back(value);
          break;
        case 3:
          if (size > 0) {
            const int at = static_cast<int>(random() % size);
            dims.erase(at);
            model.erase(model.begin() + at);
          }
          break;
        default: {
          Dims copy = dims;
          dims = random() % 2 ? copy : std::move(copy);
        }
      }
      ASSERT_EQ(list(dims), model);
    }
  }
}

}  // namespace
}  // namespace libtensor
