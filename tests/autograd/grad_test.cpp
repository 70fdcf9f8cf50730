// tensor_autograd_grad: gradients at chosen tensors, without touching any leaf.
#include "support/gradients.h"
#include "support/refusal.h"

namespace test {
namespace {

class Grad : public TensorTest {};

TEST_F(Grad, OfALeafLeavesItsGradAlone) {
  const Owned x = leaf({1, 2}), y = call(tensor_sum, call(tensor_mul, x, x));
  expect_values(gradient(y, x), {2, 4});
  EXPECT_EQ(static_cast<tensor_t*>(grad(x)), nullptr);
}

TEST_F(Grad, OfAnInteriorTensor) {
  const Owned x = leaf({1, 2}), middle = call(tensor_mul_scalar, x, number(3));
  const Owned y = call(tensor_sum, call(tensor_mul, middle, middle));
  expect_values(gradient(y, middle), {6, 12});
}

TEST_F(Grad, OfLeafAndInteriorTogether) {
  const Owned x = leaf({1, 2}), middle = call(tensor_mul_scalar, x, number(3));
  const Owned y = call(tensor_sum, call(tensor_mul, middle, middle));
  const std::vector<Owned> both = gradients({y}, {x, middle});
  expect_values(both[0], {18, 36});
  expect_values(both[1], {6, 12});
}

TEST_F(Grad, OfAnOutputItself) {
  const Owned x = scalar_leaf(2), y = call(tensor_exp, x);
  expect_values(gradient(y, y), {1});
  expect_values(gradient(x, x), {1});
}

TEST_F(Grad, OfOneTensorAskedForTwice) {
  const Owned x = leaf({1, 2}), y = call(tensor_sum, call(tensor_mul, x, x));
  const std::vector<Owned> both = gradients({y}, {x, x});
  expect_values(both[0], {2, 4});
  expect_values(both[1], {2, 4});
}

TEST_F(Grad, OfSeveralOutputsAddsUp) {
  const Owned x = scalar_leaf(3), a = call(tensor_mul, x, x),
              b = call(tensor_mul_scalar, x, number(5));
  const std::vector<Owned> sum = gradients({a, b, a}, {x});
  expect_values(sum[0], {6 + 5 + 6});
}

TEST_F(Grad, WithGivenGradients) {
  const Owned x = leaf({1, 2}), y = call(tensor_mul, x, x), z = call(tensor_sum, y);
  const Owned v = plain({1, 10});
  tensor_t *outputs[] = {y, z}, *inputs[] = {x}, *given[] = {v, nullptr}, *out = nullptr;
  tensor_backward_options_t options = tensor_backward_options_default();
  OK(tensor_autograd_grad(outputs, 2, inputs, 1, given, &options, &out));
  expect_values(Owned(out), {2 + 2, 40 + 4});
}

TEST_F(Grad, OfBothResultsOfOneOperation) {
  const Owned x = leaf({1, 5, 3, 4, 2, 6}, {2, 3});
  tensor_t *v = nullptr, *i = nullptr;
  OK(tensor_max_dim(x, 1, nullptr, &v, &i));
  const Owned values(v), indices(i);
  EXPECT_FALSE(requires_grad(indices));
  expect_values(gradient(call(tensor_sum, values), x), {0, 1, 0, 0, 0, 1});
}

TEST_F(Grad, RunsOnlyWhatLeadsToTheInputs) {
  // The branch to `other` saved a tensor that changed since: its node must not run.
  const Owned x = leaf({1, 2}), other = leaf({1, 2}), changed = plain({3, 4});
  const Owned branch = call(tensor_mul, other, changed);
  OK(tensor_zero_(changed));
  const Owned y = call(tensor_sum, call(tensor_add, call(tensor_mul, x, x), branch));
  expect_values(gradient(y, x), {2, 4});
}

TEST_F(Grad, AllowUnusedGivesNull) {
  const Owned x = leaf({1, 2}), other = leaf({1}), y = call(tensor_sum, x);
  tensor_backward_options_t options = tensor_backward_options_default();
  options.allow_unused = true;
  const std::vector<Owned> both = gradients({y}, {x, other}, &options);
  expect_values(both[0], {1, 1});
  EXPECT_EQ(static_cast<tensor_t*>(both[1]), nullptr);
}

TEST_F(Grad, FreesTheGraphUnlessAskedNotTo) {
  const Owned x = leaf({1, 2}), y = call(tensor_sum, call(tensor_mul, x, x));
  tensor_backward_options_t options = tensor_backward_options_default();
  options.retain_graph = true;
  expect_values(gradient(y, x, &options), {2, 4});
  expect_values(gradient(y, x), {2, 4});
  tensor_t *outputs[] = {y}, *inputs[] = {x};
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] {
    tensor_t* out = nullptr;
    return tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, nullptr, &out);
  });
}

TEST_F(Grad, ResultsOfADetachedPassNeedNoGradient) {
  const Owned x = leaf({1, 2}), y = call(tensor_sum, call(tensor_mul, x, x));
  EXPECT_FALSE(requires_grad(gradient(y, x)));
}

TEST_F(Grad, ThroughAnInPlaceChangeOfTheInput) {
  const Owned x = leaf({1, 2}), y = call(tensor_mul_scalar, x, number(2));
  OK(tensor_mul_(y, x));  // y = 2 x^2
  expect_values(gradient(call(tensor_sum, y), x), {4, 8});
}

}  // namespace
}  // namespace test
