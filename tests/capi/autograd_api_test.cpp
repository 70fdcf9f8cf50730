// The functions of autograd.h themselves: flags, gradients, options, and what they refuse.
#include <thread>

#include "support/refusal.h"

namespace test {
namespace {

class AutogradApi : public TensorTest {};

TEST_F(AutogradApi, RequiresGradIsAFlagOfALeaf) {
  const Owned t = filled({2}, 1);
  EXPECT_FALSE(requires_grad(t));
  EXPECT_TRUE(is_leaf(t));
  OK(tensor_set_requires_grad(t, true));
  EXPECT_TRUE(requires_grad(t));
  EXPECT_TRUE(is_leaf(t));
  OK(tensor_set_requires_grad(t, false));
  EXPECT_FALSE(requires_grad(t));
}

TEST_F(AutogradApi, OnlyFloatingTensorsMayRequireGrad) {
  for (tensor_dtype_t type = TENSOR_BOOL; type <= TENSOR_FLOAT64; ++type) {
    const Owned t = filled({2}, 1, type);
    if (type >= TENSOR_FLOAT16) {
      OK(tensor_set_requires_grad(t, true));
    } else {
      expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                      "only Tensors of floating point dtype can require gradients"},
                     {t}, [&] { return tensor_set_requires_grad(t, true); });
      OK(tensor_set_requires_grad(t, false));
    }
  }
}

TEST_F(AutogradApi, FlagOfAResultCannotBeCleared) {
  const Owned x = leaf({1}), y = call(tensor_exp, x);
  EXPECT_FALSE(is_leaf(y));
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT,
       "you can only change requires_grad flags of leaf variables. If you want to use a computed "
       "variable in a subgraph that doesn't require differentiation use var_no_grad = "
       "var.detach()."},
      {y}, [&] { return tensor_set_requires_grad(y, false); });
  OK(tensor_set_requires_grad(y, true));
}

TEST_F(AutogradApi, GradIsNullUntilBackward) {
  const Owned x = leaf({1, 2});
  tensor_t* out = unwritten();
  OK(tensor_grad(x, &out));
  EXPECT_EQ(out, nullptr);
  OK(tensor_backward(call(tensor_sum, x)));
  expect_values(grad(x), {1, 1});
}

TEST_F(AutogradApi, GradHandlesShareOneTensor) {
  const Owned x = leaf({1, 2});
  OK(tensor_backward(call(tensor_sum, x)));
  const Owned first = grad(x), second = grad(x);
  EXPECT_TRUE(is_same(first, second));
  OK(tensor_zero_(first));
  expect_values(grad(x), {0, 0});
}

TEST_F(AutogradApi, SetGradReplacesAndClears) {
  const Owned x = leaf({1, 2}), g = plain({5, 6});
  OK(tensor_set_grad(x, nullptr));
  OK(tensor_set_grad(x, g));
  EXPECT_TRUE(is_same(grad(x), g));
  OK(tensor_backward(call(tensor_sum, x)));
  expect_values(g, {6, 7});
  OK(tensor_set_grad(x, nullptr));
  EXPECT_EQ(static_cast<tensor_t*>(grad(x)), nullptr);
}

TEST_F(AutogradApi, SetGradRefusesWhatDoesNotFit) {
  const Owned x = leaf({1, 2}), longer = plain({1, 2, 3}), narrow = filled({2}, 1);
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "attempting to assign a gradient of size '[3]' to a tensor of size '[2]'. Please "
                  "ensure that the gradient and the tensor are the same size"},
                 {x, longer}, [&] { return tensor_set_grad(x, longer); });
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return tensor_set_grad(x, narrow); });
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return tensor_set_grad(x, x); });
  expect_status(TENSOR_ERROR_INVALID_HANDLE, [&] { return tensor_set_grad(nullptr, longer); });
  EXPECT_EQ(static_cast<tensor_t*>(grad(x)), nullptr);
}

TEST_F(AutogradApi, GradEnabledBelongsToTheThread) {
  bool previous = false, enabled = true;
  OK(tensor_grad_enabled_set(false, &previous));
  EXPECT_TRUE(previous);
  OK(tensor_grad_enabled(&enabled));
  EXPECT_FALSE(enabled);
  std::thread([] {
    bool other = false;
    EXPECT_EQ(tensor_grad_enabled(&other), TENSOR_OK);
    EXPECT_TRUE(other);
  }).join();
  OK(tensor_grad_enabled_set(true, nullptr));
}

TEST_F(AutogradApi, GradFnNameFollowsTheRulesOfStrings) {
  const Owned x = leaf({1}), y = call(tensor_mul, x, x);
  EXPECT_EQ(grad_fn(x), "");
  EXPECT_EQ(grad_fn(y), "MulBackward0");
  char buffer[4] = "###";
  size_t length = 0;
  OK(tensor_grad_fn_name(y, buffer, sizeof(buffer), &length));
  EXPECT_STREQ(buffer, "Mul");
  EXPECT_EQ(length, 12u);
  OK(tensor_grad_fn_name(y, nullptr, 0, &length));
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT,
                [&] { return tensor_grad_fn_name(y, nullptr, 5, &length); });
}

TEST_F(AutogradApi, DetachInPlaceCutsTheGraph) {
  const Owned x = leaf({1, 2}), y = call(tensor_exp, x);
  OK(tensor_detach_(y));
  EXPECT_FALSE(requires_grad(y));
  EXPECT_TRUE(is_leaf(y));
  EXPECT_EQ(grad_fn(y), "");
}

TEST_F(AutogradApi, OptionsOfAWrongSizeAreRefused) {
  const Owned x = scalar_leaf(1), y = call(tensor_exp, x);
  for (size_t size :
       {size_t{0}, size_t{8}, size_t{23}, size_t{25}, sizeof(tensor_backward_options_t) - 1}) {
    tensor_backward_options_t options = tensor_backward_options_default();
    options.struct_size = size;
    const Refusal expected = {TENSOR_ERROR_INVALID_ARGUMENT,
                              "options.struct_size is " + std::to_string(size) +
                                  ": start from tensor_backward_options_default()"};
    expect_refusal(expected, {x, y}, [&] { return tensor_backward_with(y, &options); });
    tensor_t *outputs[] = {y}, *inputs[] = {x};
    expect_no_result(expected, {x, y}, [&](tensor_t** out) {
      return tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, &options, out);
    });
  }
}

TEST_F(AutogradApi, OptionsOfTheFirstVersionAreTaken) {
  const Owned x = scalar_leaf(1), y = call(tensor_exp, x);
  tensor_backward_options_t options = tensor_backward_options_default();
  options.struct_size = 24;
  options.retain_graph = true;
  options.inputs = reinterpret_cast<tensor_t* const*>(uintptr_t{1});  // not there in that version
  options.cancel = reinterpret_cast<tensor_cancel_t*>(uintptr_t{1});
  OK(tensor_backward_with(y, &options));
  OK(tensor_backward_with(y, &options));
  expect_near(grad(x), {2 * std::exp(1.0)});
}

TEST_F(AutogradApi, BadGradientHandleIsRefused) {
  const Owned x = leaf({1, 2}), y = call(tensor_exp, x);
  tensor_backward_options_t options = tensor_backward_options_default();
  options.gradient = reinterpret_cast<tensor_t*>(uintptr_t{1});
  expect_refusal(
      {TENSOR_ERROR_INVALID_HANDLE,
       "options.gradient is not a live tensor handle: it was released, or is not from this "
       "library"},
      {x, y}, [&] { return tensor_backward_with(y, &options); });
}

TEST_F(AutogradApi, GradRefusesNullLists) {
  const Owned x = scalar_leaf(1), y = call(tensor_exp, x);
  tensor_t *outputs[] = {y}, *inputs[] = {x}, *nulls[] = {nullptr};
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT, "outputs must not be NULL"}, {x, y},
                   [&](tensor_t** out) {
                     return tensor_autograd_grad(nullptr, 1, inputs, 1, nullptr, nullptr, out);
                   });
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT, "inputs must not be NULL"}, {x, y},
                   [&](tensor_t** out) {
                     return tensor_autograd_grad(outputs, 1, nullptr, 1, nullptr, nullptr, out);
                   });
  expect_no_result({TENSOR_ERROR_INVALID_HANDLE, "inputs must not be NULL"}, {x, y},
                   [&](tensor_t** out) {
                     return tensor_autograd_grad(outputs, 1, nulls, 1, nullptr, nullptr, out);
                   });
  expect_no_result({TENSOR_ERROR_INVALID_HANDLE, "outputs must not be NULL"}, {x, y},
                   [&](tensor_t** out) {
                     return tensor_autograd_grad(nulls, 1, inputs, 1, nullptr, nullptr, out);
                   });
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "grads must not be NULL"}, {x, y}, [&] {
    return tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, nullptr, nullptr);
  });
}

TEST_F(AutogradApi, BackwardRefusesNull) {
  expect_refusal({TENSOR_ERROR_INVALID_HANDLE, "t must not be NULL"}, {},
                 [] { return tensor_backward(nullptr); });
}

}  // namespace
}  // namespace test
