// In-place operations: which history a tensor, its base and its views have afterwards.
#include "support/gradients.h"
#include "support/refusal.h"

namespace test {
namespace {

class InPlace : public TensorTest {};

Owned part_of(const tensor_t* t, int64_t index) { return call(tensor_select, t, 0, index); }
Owned range_of(const tensor_t* t, int64_t start, int64_t end) {
  return call(tensor_slice, t, 0, start, end, 1);
}
Owned twice(const tensor_t* t) { return call(tensor_mul_scalar, t, number(2)); }
void expect_grad(const tensor_t* output, tensor_t* input, const Values& expected) {
  expect_near(gradient(call(tensor_sum, output), input), expected);
}

TEST_F(InPlace, TensorGetsTheNodeOfTheOperation) {
  const Owned x = leaf({1, 2, 3}), y = twice(x);
  OK(tensor_mul_(y, x));
  EXPECT_EQ(grad_fn(y), "MulBackward0");
  OK(tensor_exp_(y));
  EXPECT_EQ(grad_fn(y), "ExpBackward0");
  expect_grad(y, x, {4 * std::exp(2), 8 * std::exp(8), 12 * std::exp(18)});
}

TEST_F(InPlace, APlainTensorJoinsTheGraph) {
  const Owned x = leaf({1, 2, 3}), y = plain({1, 1, 1});
  OK(tensor_mul_(y, x));
  EXPECT_TRUE(requires_grad(y));
  EXPECT_FALSE(is_leaf(y));
  OK(tensor_mul_(y, x));
  expect_values(y, {1, 4, 9});
  expect_grad(y, x, {2, 4, 6});
}

TEST_F(InPlace, ViewChangeReachesTheBase) {
  const Owned x = leaf({1, 2, 3}), y = twice(x), part = part_of(y, 1);
  OK(tensor_mul_scalar_(part, number(10)));
  EXPECT_EQ(grad_fn(y), "CopySlices");
  EXPECT_EQ(grad_fn(part), "AsStridedBackward0");
  expect_values(y, {2, 40, 6});
  expect_grad(y, x, {2, 20, 2});
}

TEST_F(InPlace, ViewChangeReachesTheViewItself) {
  const Owned x = leaf({1, 2, 3}), y = twice(x), part = range_of(y, 1, 3);
  OK(tensor_mul_(part, call(tensor_clone, part)));
  expect_grad(part, x, {0, 16, 24});
}

TEST_F(InPlace, BaseChangeReachesTheView) {
  const Owned x = leaf({1, 2, 3}), y = twice(x), part = range_of(y, 1, 3);
  OK(tensor_mul_(y, x));  // y = 2 x^2
  EXPECT_EQ(grad_fn(part), "AsStridedBackward0");
  expect_values(part, {8, 18});
  expect_grad(part, x, {0, 8, 12});
}

TEST_F(InPlace, ViewOfAViewReachesBothAround) {
  const Owned x = leaf({1, 2, 3, 4}), y = twice(x), outer = range_of(y, 1, 4),
              inner = part_of(outer, 1);
  OK(tensor_exp_(inner));
  expect_values(y, {2, 4, std::exp(6), 8});
  tensor_backward_options_t options = tensor_backward_options_default();
  options.retain_graph = true;
  const Values by_x = {0, 2, 2 * std::exp(6), 2};
  expect_near(gradient(call(tensor_sum, outer), x, &options), by_x);
  expect_near(gradient(call(tensor_sum, inner), x, &options), {0, 0, by_x[2], 0});
  expect_near(gradient(call(tensor_sum, y), x), {2, 2, by_x[2], 2});
}

TEST_F(InPlace, SiblingViewsSeeEachOther) {
  const Owned x = leaf({1, 2, 3}), y = twice(x), left = range_of(y, 0, 2),
              right = range_of(y, 1, 3);
  OK(tensor_mul_(left, call(tensor_clone, left)));
  OK(tensor_mul_scalar_(right, number(3)));
  expect_values(y, {4, 48, 18});
  expect_grad(y, x, {8, 48, 6});  // 4 x^2, 12 x^2, 6 x
}

TEST_F(InPlace, BaseThenViewThenBase) {
  const Owned x = leaf({1, 2}), y = twice(x), part = part_of(y, 0);
  OK(tensor_mul_(y, x));                    // 2 x^2
  OK(tensor_mul_scalar_(part, number(5)));  // 10 x^2, 2 x^2
  OK(tensor_add_(y, x));                    // 10 x^2 + x, 2 x^2 + x
  expect_values(y, {11, 10});
  expect_values(part, {11});
  expect_grad(y, x, {21, 9});
}

TEST_F(InPlace, ViewOfAPlainTensorBringsItsBaseIntoTheGraph) {
  const Owned x = scalar_leaf(3), base = plain({1, 2, 3, 4}, {2, 2}), row = part_of(base, 1);
  OK(tensor_mul_(row, x));
  EXPECT_EQ(grad_fn(base), "CopySlices");
  expect_values(base, {1, 2, 9, 12});
  expect_grad(base, x, {7});
}

TEST_F(InPlace, CopyIntoAViewCutsTheOldHistoryThere) {
  const Owned x = leaf({1, 2, 3}), w = leaf({7, 8}), y = twice(x), part = range_of(y, 0, 2);
  OK(tensor_copy_(part, w));
  EXPECT_EQ(grad_fn(y), "CopySlices");
  const std::vector<Owned> both = gradients({call(tensor_sum, y)}, {x, w});
  expect_values(both[0], {0, 0, 2});
  expect_values(both[1], {1, 1});
}

TEST_F(InPlace, FillAndZeroCutTheGradient) {
  const Owned x = leaf({1, 2, 3}), y = twice(x);
  OK(tensor_zero_(part_of(y, 0)));
  OK(tensor_fill_(part_of(y, 1), number(9)));
  expect_values(y, {0, 9, 6});
  expect_grad(y, x, {0, 0, 2});
}

TEST_F(InPlace, TransposedViewOfTheBase) {
  const Owned x = leaf({1, 2, 3, 4, 5, 6}, {2, 3}), y = twice(x),
              turned = call(tensor_transpose_2d, y);
  const Owned factors = plain({1, 2, 3, 4, 5, 6}, {3, 2});
  OK(tensor_mul_(turned, factors));
  expect_values(y, {2, 12, 30, 16, 40, 72});
  expect_grad(y, x, {2, 6, 10, 4, 8, 12});
}

TEST_F(InPlace, ViewOfATransposedBase) {
  const Owned x = leaf({1, 2, 3, 4, 5, 6}, {2, 3});
  const Owned y =
      call(tensor_mul_scalar, call(tensor_transpose_2d, x), number(2));  // keeps the order
  const Owned row = part_of(y, 1);
  OK(tensor_mul_scalar_(row, number(10)));
  expect_values(y, {2, 8, 40, 100, 6, 12});
  expect_grad(y, x, {2, 20, 2, 2, 20, 2});
}

TEST_F(InPlace, ExpandedViewIsRefused) {
  const Owned x = leaf({1}), y = twice(x);
  const int64_t three[] = {3};
  const Owned wide = call(tensor_expand, y, three, 1);
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return tensor_add_scalar_(wide, number(1)); });
  EXPECT_EQ(version(y), 0u);
}

TEST_F(InPlace, ShapeChangesAreRecordedToo) {
  const Owned x = leaf({1, 2, 3, 4, 5, 6}, {2, 3}), y = twice(x);
  OK(tensor_transpose_(y, 0, 1));
  EXPECT_EQ(shape(y), (Shape{3, 2}));
  const Owned weights = plain({1, 2, 3, 4, 5, 6}, {3, 2});
  expect_grad(call(tensor_mul, y, weights), x, {2, 6, 10, 4, 8, 12});
  OK(tensor_unsqueeze_(y, 0));
  EXPECT_EQ(shape(y), (Shape{1, 3, 2}));
  OK(tensor_squeeze_(y));
  EXPECT_EQ(shape(y), (Shape{3, 2}));
}

TEST_F(InPlace, UnderNoGradRecordsNothingButRaisesTheVersion) {
  const Owned x = leaf({1, 2});
  {
    const NoGrad off;
    OK(tensor_sub_(x, plain({0.5, 0.5})));
  }
  EXPECT_TRUE(is_leaf(x));
  EXPECT_EQ(version(x), 1u);
  expect_values(x, {0.5, 1.5});
  OK(tensor_backward(call(tensor_sum, call(tensor_mul, x, x))));
  expect_values(grad(x), {1, 3});
}

TEST_F(InPlace, ViewAndChangeBothUnderNoGradAreFine) {
  const Owned x = leaf({1, 2});
  {
    const NoGrad off;
    OK(tensor_zero_(part_of(x, 0)));
  }
  expect_values(x, {0, 2});
  EXPECT_TRUE(is_leaf(x));
}

TEST_F(InPlace, OnAViewMadeUnderNoGradItIsRefused) {
  const Owned x = leaf({1, 2}), y = twice(x);
  Owned part;
  {
    const NoGrad off;
    part = part_of(y, 0);
  }
  const std::string before = describe(y);
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return tensor_mul_(part, part); });
  EXPECT_EQ(describe(y), before);
}

TEST_F(InPlace, DetachedAliasSharesMemoryAndVersion) {
  const Owned x = leaf({1, 2}), alias = call(tensor_detach, x);
  EXPECT_FALSE(requires_grad(alias));
  OK(tensor_add_scalar_(alias, number(1)));
  expect_values(x, {2, 3});
  EXPECT_EQ(version(x), 1u);
  EXPECT_TRUE(is_leaf(x));
}

TEST_F(InPlace, ChangeThroughADetachedAliasIsCaught) {
  const Owned x = leaf({1, 2}), y = call(tensor_exp, x), loss = call(tensor_sum, y);
  OK(tensor_zero_(call(tensor_detach, y)));
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return tensor_backward(loss); });
}

TEST_F(InPlace, ChangeOfWhatWasNotSavedIsFine) {
  const Owned x = leaf({1, 2}), y = twice(x), loss = call(tensor_sum, call(tensor_add, y, x));
  OK(tensor_mul_scalar_(y, number(100)));
  OK(tensor_backward(loss));
  expect_values(grad(x), {3, 3});
}

TEST_F(InPlace, ReluInPlaceUsesItsResult) {
  const Owned x = leaf({-1, 2}), y = twice(x);
  OK(tensor_relu_(y));
  expect_values(y, {0, 4});
  expect_grad(y, x, {0, 2});
}

TEST_F(InPlace, SelfAsBothOperands) {
  const Owned x = leaf({1, 2, 3}), y = call(tensor_mul_scalar, x, number(1));
  OK(tensor_add_(y, y));
  expect_grad(y, x, {2, 2, 2});
  const Owned z = call(tensor_mul_scalar, x, number(1));
  OK(tensor_mul_(z, z));
  expect_values(z, {1, 4, 9});
  // As in PyTorch, the product saved the operand that it then overwrote.
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT,
                [&] { return tensor_backward(call(tensor_sum, z)); });
}

TEST_F(InPlace, SelfAsBothOperandsMakesNoCycle) {
  float data[] = {1, 2, 3};
  const int64_t size = 3;
  int destroyed = 0;
  tensor_options_t options = tensor_options_default();
  options.requires_grad = true;
  tensor_t* x = nullptr;
  OK(tensor_from_blob(
      data, &size, nullptr, 1, &options, [](void* count) { ++*static_cast<int*>(count); },
      &destroyed, &x));
  {
    const Owned y = call(tensor_mul_scalar, x, number(1));
    OK(tensor_mul_(y, y));
  }
  OK(tensor_release(x));
  EXPECT_EQ(destroyed, 1);
}

TEST_F(InPlace, SgdStepKeepsTheLeaf) {
  const Owned w = leaf({1, 2});
  for (int step = 0; step < 3; ++step) {
    OK(tensor_backward(call(tensor_sum, call(tensor_mul, w, w))));
    const NoGrad off;
    OK(tensor_sub_(w, call(tensor_mul_scalar, grad(w), number(0.25))));
    OK(tensor_set_grad(w, nullptr));
  }
  expect_values(w, {0.125, 0.25});
}

}  // namespace
}  // namespace test
