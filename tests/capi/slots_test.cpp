// A slot whose handles have all been given out once is never used again: else the first would be
// valid once more. Linked with the library's objects, since there are 2^28 of them.
#include <gtest/gtest.h>
#include <tensor/tensor.h>

#include "handles.h"

namespace {

using namespace libtensor::capi;

tensor_t* ones() {
  const int64_t size = 2;
  tensor_t* t = nullptr;
  EXPECT_EQ(tensor_ones(&size, 1, nullptr, &t), TENSOR_OK);
  return t;
}

TEST(Slots, AreUsedUp) {
  tensor_t* const first = ones();
  Slot* const slot = find_slot(first);
  ASSERT_NE(slot, nullptr);
  ASSERT_EQ(tensor_release(first), TENSOR_OK);
  const size_t live = tensor_live_handles();
  // As after all the others.
  slot->next_generation = (first_generation - 1) & ((uint64_t{1} << kGenerationBits) - 1);
  tensor_t* const last = ones();
  ASSERT_EQ(find_slot(last), slot);
  EXPECT_EQ(tensor_live_handles(), live + 1);
  ASSERT_EQ(tensor_release(last), TENSOR_OK);
  EXPECT_EQ(tensor_live_handles(), live);

  std::vector<tensor_t*> others;
  for (int i = 0; i < 1000; ++i) {
    others.push_back(ones());
    ASSERT_NE(find_slot(others.back()), slot) << i;
  }
  EXPECT_EQ(find_slot(first), nullptr);
  EXPECT_EQ(find_slot(last), nullptr);
  for (tensor_t* t : others) EXPECT_EQ(tensor_release(t), TENSOR_OK);
  EXPECT_EQ(tensor_live_handles(), live);
}

TEST(Slots, OfOtherObjectsAreUsedUp) {
  tensor_cancel_t* first = nullptr;
  ASSERT_EQ(tensor_cancel_new(&first), TENSOR_OK);
  uint64_t handle = reinterpret_cast<uint64_t>(first);
  // The last handle of that slot has the generation before the first one's.
  const uint64_t all = ((uint64_t{1} << kGenerationBits) - 1) << (kIndexBits + 1);
  handle = (handle & ~all) | (((first_generation - 1) << (kIndexBits + 1)) & all);
  EXPECT_TRUE(is_used_up(handle));
  EXPECT_FALSE(is_used_up(reinterpret_cast<uint64_t>(first)));
  EXPECT_EQ(tensor_cancel_release(first), TENSOR_OK);
}

}  // namespace
