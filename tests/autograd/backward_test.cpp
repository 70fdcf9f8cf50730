// Backward passes: which gradient reaches which leaf, and when a graph may be used again.
#include "support/refusal.h"

namespace test {
namespace {

class Backward : public TensorTest {};

tensor_backward_options_t keep_graph() {
  tensor_backward_options_t options = tensor_backward_options_default();
  options.retain_graph = true;
  return options;
}

TEST_F(Backward, ChainMultipliesDerivatives) {
  const Owned x = leaf({0.5, 1, 2});
  OK(tensor_backward(call(tensor_sum, call(tensor_exp, call(tensor_mul_scalar, x, number(3))))));
  expect_near(grad(x), {3 * std::exp(1.5), 3 * std::exp(3), 3 * std::exp(6)});
}

TEST_F(Backward, DiamondAddsBothPaths) {
  const Owned x = leaf({1, 2, 3});
  const Owned square = call(tensor_mul, x, x), left = call(tensor_mul_scalar, square, number(2));
  const Owned right = call(tensor_mul, square, x);
  OK(tensor_backward(call(tensor_sum, call(tensor_add, left, right))));
  expect_values(grad(x), {4 + 3, 8 + 12, 12 + 27});
}

TEST_F(Backward, WideFanOutAddsEveryUse) {
  const Owned x = leaf({1});
  Owned sum = call(tensor_mul_scalar, x, number(1));
  for (int i = 0; i < 99; ++i) sum = call(tensor_add, sum, x);
  OK(tensor_backward(sum));
  expect_values(grad(x), {100});
}

TEST_F(Backward, NestedDiamondsRunEachNodeOnce) {
  // 2^60 paths: only an engine that counts dependencies ends.
  const Owned x = leaf({1});
  Owned y = call(tensor_mul_scalar, x, number(1));
  for (int i = 0; i < 60; ++i) y = call(tensor_add, y, y);
  OK(tensor_backward(y));
  expect_values(grad(x), {std::ldexp(1, 60)});
}

TEST_F(Backward, AddsUpOverCalls) {
  const Owned x = leaf({1, 2});
  for (int i = 1; i <= 3; ++i) {
    OK(tensor_backward(call(tensor_sum, call(tensor_mul, x, x))));
    expect_values(grad(x), {2.0 * i, 4.0 * i});
  }
}

TEST_F(Backward, RetainedGraphRunsAgain) {
  const Owned x = leaf({1, 2}), y = call(tensor_sum, call(tensor_mul, x, x));
  const tensor_backward_options_t options = keep_graph();
  OK(tensor_backward_with(y, &options));
  OK(tensor_backward_with(y, &options));
  OK(tensor_backward(y));
  expect_values(grad(x), {6, 12});
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return tensor_backward(y); });
}

TEST_F(Backward, GraphThatSavesNothingRunsAgain) {
  const Owned x = leaf({1, 2}), y = call(tensor_sum, call(tensor_add, x, x));
  OK(tensor_backward(y));
  OK(tensor_backward(y));
  expect_values(grad(x), {4, 4});
}

TEST_F(Backward, SharedPartOfTwoGraphsIsFreedByTheFirst) {
  const Owned x = leaf({1, 2}), shared = call(tensor_exp, x);
  const Owned a = call(tensor_sum, shared), b = call(tensor_sum, call(tensor_neg, shared));
  OK(tensor_backward(a));
  const std::string before = describe(x);
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return tensor_backward(b); });
  EXPECT_EQ(describe(x), before);
}

TEST_F(Backward, GivenGradientIsThatOfTheOutput) {
  const Owned x = leaf({1, 2, 3}), y = call(tensor_mul, x, x), v = plain({1, 10, 100});
  tensor_backward_options_t options = tensor_backward_options_default();
  options.gradient = v;
  OK(tensor_backward_with(y, &options));
  expect_values(grad(x), {2, 40, 600});
  expect_values(v, {1, 10, 100});
}

TEST_F(Backward, GivenGradientIsNotSharedWithTheLeaf) {
  const Owned x = leaf({1, 2}), y = call(tensor_add_scalar, x, number(1)), v = plain({5, 6});
  tensor_backward_options_t options = tensor_backward_options_default();
  options.gradient = v;
  OK(tensor_backward_with(y, &options));
  OK(tensor_zero_(v));
  expect_values(grad(x), {5, 6});
}

TEST_F(Backward, TwoLeavesOfOneSumDoNotShareAGradient) {
  const Owned x = leaf({1, 2}), y = leaf({3, 4});
  OK(tensor_backward(call(tensor_sum, call(tensor_add, x, y))));
  OK(tensor_zero_(grad(x)));
  expect_values(grad(y), {1, 1});
}

TEST_F(Backward, OfALeafItself) {
  const Owned x = scalar_leaf(3);
  OK(tensor_backward(x));
  OK(tensor_backward(x));
  expect_values(grad(x), {2});
}

TEST_F(Backward, OfAOneElementMatrixNeedsNoGradient) {
  const Owned x = leaf({3}, {1, 1});
  OK(tensor_backward(call(tensor_mul, x, x)));
  expect_values(grad(x), {6});
  EXPECT_EQ(shape(grad(x)), (Shape{1, 1}));
}

TEST_F(Backward, LeavesThatAreNotAskedAboutGetNone) {
  const Owned x = leaf({1}), constant = plain({2}), y = call(tensor_mul, x, constant);
  OK(tensor_backward(y));
  EXPECT_EQ(static_cast<tensor_t*>(grad(constant)), nullptr);
  EXPECT_EQ(static_cast<tensor_t*>(grad(y)), nullptr);
}

TEST_F(Backward, ZeroDimAndZeroSizeTensors) {
  const Owned x = scalar_leaf(2), none = leaf({}, {0, 3});
  const Owned total = call(tensor_sum, call(tensor_mul, none, x));
  EXPECT_EQ(value(total), 0);
  OK(tensor_backward(total));
  EXPECT_EQ(shape(grad(none)), (Shape{0, 3}));
  EXPECT_EQ(shape(grad(x)), Shape{});
  EXPECT_EQ(value(grad(x)), 0);
}

TEST_F(Backward, BroadcastOperandsGetTheSumOverTheirCopies) {
  const Owned row = leaf({1, 2, 3}, {1, 3}), column = leaf({1, 2}, {2, 1}), one = scalar_leaf(5);
  const Owned y = call(tensor_mul, call(tensor_add, row, column), one);
  OK(tensor_backward(call(tensor_sum, y)));
  expect_values(grad(row), {10, 10, 10});
  expect_values(grad(column), {15, 15});
  expect_values(grad(one), {6 * 2 + 3 * 3});
  EXPECT_EQ(shape(grad(row)), (Shape{1, 3}));
  EXPECT_EQ(shape(grad(column)), (Shape{2, 1}));
}

TEST_F(Backward, GradientHasTheDTypeOfItsLeaf) {
  const Owned wide = leaf({1, 2}), narrow = filled({2}, 3, TENSOR_FLOAT32, true);
  const Owned half = filled({2}, 2, TENSOR_FLOAT16, true);
  const Owned y = call(tensor_mul, call(tensor_mul, wide, narrow), half);
  OK(tensor_backward(call(tensor_sum, y)));
  EXPECT_EQ(dtype(grad(wide)), TENSOR_FLOAT64);
  EXPECT_EQ(dtype(grad(narrow)), TENSOR_FLOAT32);
  EXPECT_EQ(dtype(grad(half)), TENSOR_FLOAT16);
  expect_values(grad(narrow), {2, 4});
  expect_values(grad(half), {3, 6});
}

TEST_F(Backward, IntegerResultsAreOutOfTheGraph) {
  const Owned x = leaf({1, 3, 2});
  const Owned position = call(tensor_argmax, x), larger = call(tensor_gt_scalar, x, number(1));
  EXPECT_FALSE(requires_grad(position));
  EXPECT_FALSE(requires_grad(larger));
  tensor_options_t to = tensor_options_default();
  to.dtype = TENSOR_INT64;
  EXPECT_FALSE(requires_grad(call(tensor_to, x, &to)));
}

TEST_F(Backward, NodesAreNamedAsPyTorchs) {
  const Owned x = leaf({1, 2, 3, 4}, {2, 2});
  EXPECT_EQ(grad_fn(call(tensor_add, x, x)), "AddBackward0");
  EXPECT_EQ(grad_fn(call(tensor_pow_scalar, x, number(2))), "PowBackward0");
  EXPECT_EQ(grad_fn(call(tensor_mm, x, x)), "MmBackward0");
  EXPECT_EQ(grad_fn(call(tensor_sum, x)), "SumBackward0");
  EXPECT_EQ(grad_fn(call(tensor_transpose_2d, x)), "TBackward0");
  EXPECT_EQ(grad_fn(call(tensor_mean, x)), "MeanBackward0");
  EXPECT_EQ(grad_fn(call(tensor_clone, x)), "CloneBackward0");
}

TEST_F(Backward, GradientOfAFailedPassLeavesTheLeafUsable) {
  const Owned x = leaf({1, 2}), b = call(tensor_exp, x), loss = call(tensor_sum, b);
  OK(tensor_mul_scalar_(call(tensor_detach, b), number(2)));
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return tensor_backward(loss); });
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return tensor_backward(loss); });
  OK(tensor_backward(call(tensor_sum, call(tensor_mul, x, x))));
  expect_values(grad(x), {2, 4});
}

}  // namespace
}  // namespace test
