// The state of the generator, taken and set.
#include "support/refusal.h"

namespace test {
namespace {

class RngState : public TensorTest {
 protected:
  static Owned normals(int64_t count) { return call(tensor_randn, &count, 1, nullptr); }
};

TEST_F(RngState, NumbersGoOnFromWhereItWasTaken) {
  OK(tensor_manual_seed(7));
  normals(3);  // of a pair, the second one waits
  const Owned state = call(tensor_get_rng_state);
  EXPECT_EQ(shape(state), Shape{5056});
  EXPECT_EQ(dtype(state), TENSOR_UINT8);
  const Values first = values(normals(5)), more = values(normals(700));
  OK(tensor_set_rng_state(state));
  EXPECT_EQ(values(normals(5)), first);
  EXPECT_EQ(values(normals(700)), more);
  uint64_t seed = 0;
  OK(tensor_initial_seed(&seed));
  EXPECT_EQ(seed, 7u);
}

TEST_F(RngState, WhatIsNoStateIsRefused) {
  const Owned floats = plain({1, 2}), few = filled({3}, 0, TENSOR_UINT8),
              zeros = filled({5056}, 0, TENSOR_UINT8);
  OK(tensor_manual_seed(7));
  const Values expected = values(normals(4));
  OK(tensor_manual_seed(7));
  expect_refusal({TENSOR_ERROR_TYPE, "RNG state must be a torch.ByteTensor"}, {floats},
                 [&] { return tensor_set_rng_state(floats); });
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT,
       "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size "
       "to be 3"},
      {few}, [&] { return tensor_set_rng_state(few); });
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "Invalid mt19937 state"}, {zeros},
                 [&] { return tensor_set_rng_state(zeros); });
  EXPECT_EQ(values(normals(4)), expected) << "a refused state changed the generator";
}

}  // namespace
}  // namespace test
