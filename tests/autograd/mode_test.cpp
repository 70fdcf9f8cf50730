// Recording on and off, and what a view under either keeps.
#include "support/gradients.h"

namespace test {
namespace {

class Mode : public TensorTest {};

TEST_F(Mode, NoGradResultsAreLeavesThatNeedNoGradient) {
  const Owned x = leaf({1, 2});
  const NoGrad off;
  const Owned y = call(tensor_mul, x, x);
  EXPECT_FALSE(requires_grad(y));
  EXPECT_TRUE(is_leaf(y));
}

TEST_F(Mode, NoGradViewsRequireGradAsLeaves) {
  // Unlike other results, and as in PyTorch.
  const Owned x = leaf({1, 2});
  const NoGrad off;
  const Owned part = call(tensor_select, x, 0, 0);
  EXPECT_TRUE(requires_grad(part));
  EXPECT_TRUE(is_leaf(part));
  EXPECT_EQ(grad_fn(part), "");
}

TEST_F(Mode, NewLeavesMayRequireGradUnderNoGrad) {
  const NoGrad off;
  EXPECT_TRUE(requires_grad(leaf({1})));
}

TEST_F(Mode, OutArgumentsAreFineUnderNoGrad) {
  const Owned x = leaf({1, 2}), out = plain({0, 0});
  const NoGrad off;
  OK(tensor_add_out(x, x, out));
  expect_values(out, {2, 4});
}

TEST_F(Mode, BackwardRunsUnderNoGrad) {
  const Owned x = leaf({1, 2}), y = call(tensor_sum, call(tensor_mul, x, x));
  const NoGrad off;
  OK(tensor_backward(y));
  expect_values(grad(x), {2, 4});
}

TEST_F(Mode, BackwardRestoresTheMode) {
  const Owned x = leaf({1, 2}), y = call(tensor_sum, call(tensor_mul, x, x));
  OK(tensor_backward(y));
  bool enabled = false;
  OK(tensor_grad_enabled(&enabled));
  EXPECT_TRUE(enabled);
  EXPECT_EQ(tensor_backward(y), TENSOR_ERROR_INVALID_ARGUMENT);
  OK(tensor_grad_enabled(&enabled));
  EXPECT_TRUE(enabled) << "a failed pass leaves the mode as it was";
}

TEST_F(Mode, DetachCutsTheGraphOnly) {
  const Owned x = leaf({1, 2}), y = call(tensor_detach, call(tensor_mul, x, x));
  const Owned z = call(tensor_sum, call(tensor_mul, y, x));
  OK(tensor_backward(z));
  expect_values(grad(x), {1, 4});
}

TEST_F(Mode, ToReturnsTheSameTensorWhereNothingChanges) {
  const Owned x = leaf({1, 2});
  tensor_options_t same = tensor_options_default();
  EXPECT_TRUE(is_same(call(tensor_to, x, &same), x));
  same.dtype = TENSOR_FLOAT32;
  const Owned narrow = call(tensor_to, x, &same);
  EXPECT_EQ(grad_fn(narrow), "ToCopyBackward0");
  OK(tensor_backward(call(tensor_sum, narrow)));
  expect_values(grad(x), {1, 1});
  EXPECT_EQ(dtype(grad(x)), TENSOR_FLOAT64);
}

TEST_F(Mode, ContiguousReturnsTheSameTensorWhereItIs) {
  const Owned x = leaf({1, 2, 3, 4}, {2, 2});
  EXPECT_TRUE(is_same(call(tensor_contiguous, x), x));
  const Owned copy = call(tensor_contiguous, call(tensor_transpose_2d, x));
  EXPECT_EQ(strides(copy), (Shape{2, 1}));
  OK(tensor_backward(call(tensor_sum, copy)));
  expect_values(grad(x), {1, 1, 1, 1});
}

}  // namespace
}  // namespace test
