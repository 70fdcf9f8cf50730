// PyTorch's words where a graph is misused. The literal texts are those of PyTorch 2.15.
#include "support/refusal.h"
#include "support/texts.h"

namespace test {
namespace {

class GraphMessage : public TensorTest {};

constexpr char kLeaf[] =
    "a leaf Variable that requires grad is being used in an in-place operation.";
constexpr char kViewOfLeaf[] =
    "a view of a leaf Variable that requires grad is being used in an in-place operation.";
constexpr char kFreed[] =
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you call "
    ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the "
    "graph a second time or if you need to access saved tensors after calling backward.";
constexpr char kNoGradView[] =
    "A view was created in no_grad mode and is being modified inplace with grad mode enabled. "
    "Given "
    "that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code "
    "by "
    "moving both the view and the inplace either both inside the no_grad block (if you don't want "
    "the inplace to be tracked) or both outside (if you want the inplace to be tracked).";

TEST_F(GraphMessage, InPlaceOnALeaf) {
  const Owned x = leaf({1, 2, 3, 4}, {2, 2}), other = plain({1, 1, 1, 1}, {2, 2});
  const Refusal expected{TENSOR_ERROR_INVALID_ARGUMENT, kLeaf};
  expect_refusal(expected, {x}, [&] { return tensor_add_scalar_(x, number(1)); });
  expect_refusal(expected, {x, other}, [&] { return tensor_add_(x, other); });
  expect_refusal(expected, {x}, [&] { return tensor_zero_(x); });
  expect_refusal(expected, {x, other}, [&] { return tensor_copy_(x, other); });
  expect_refusal(expected, {x}, [&] { return tensor_exp_(x); });
  expect_refusal(expected, {x}, [&] { return tensor_transpose_(x, 0, 1); });
  const NoGrad off;
  OK(tensor_add_scalar_(x, number(1)));
  expect_values(x, {2, 3, 4, 5});
}

TEST_F(GraphMessage, InPlaceOnAViewOfALeaf) {
  const Owned x = leaf({1, 2, 3}), part = call(tensor_select, x, 0, 0);
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, kViewOfLeaf}, {x, part},
                 [&] { return tensor_add_scalar_(part, number(1)); });
}

TEST_F(GraphMessage, InPlaceOnAViewMadeUnderNoGrad) {
  const Owned x = leaf({1, 2, 3}), y = call(tensor_mul_scalar, x, number(2));
  Owned part;
  {
    const NoGrad off;
    part = call(tensor_select, y, 0, 0);
  }
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, kNoGradView}, {x, y, part},
                 [&] { return tensor_add_scalar_(part, number(1)); });
}

TEST_F(GraphMessage, InPlaceWithAGradientIntoAViewOfAPlainTensorMadeUnderNoGrad) {
  const Owned plain_tensor = plain({1, 2, 3}), w = scalar_leaf(2);
  Owned part;
  {
    const NoGrad off;
    part = call(tensor_select, plain_tensor, 0, 0);
  }
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, kNoGradView}, {plain_tensor, part, w},
                 [&] { return tensor_mul_(part, w); });
}

TEST_F(GraphMessage, BackwardOfWhatIsNoScalar) {
  const Owned x = leaf({1, 2, 3}), y = call(tensor_mul_scalar, x, number(2));
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT, "grad can be implicitly created only for scalar outputs"},
      {x, y}, [&] { return tensor_backward(y); });
}

TEST_F(GraphMessage, BackwardOfWhatNeedsNoGradient) {
  const Owned t = plain({1}, {});
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "element 0 of tensors does not require grad and does not have a grad_fn"},
                 {t}, [&] { return tensor_backward(t); });
}

TEST_F(GraphMessage, BackwardTwice) {
  const Owned x = leaf({1, 2, 3}), y = call(tensor_sum, call(tensor_mul, x, x));
  OK(tensor_backward(y));
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, kFreed}, {x, y},
                 [&] { return tensor_backward(y); });
}

TEST_F(GraphMessage, GradientOfAnotherShape) {
  const Owned x = leaf({1, 2, 3}), y = call(tensor_mul_scalar, x, number(2)), g = plain({1, 1});
  tensor_backward_options_t options = tensor_backward_options_default();
  options.gradient = g;
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT,
       "Mismatch in shape: grad_output[0] has a shape of torch.Size([2]) and output[0] has a "
       "shape of torch.Size([3])."},
      {x, y, g}, [&] { return tensor_backward_with(y, &options); });
}

// The text of the version check, up to the hint that is the same everywhere.
std::string modified(const std::string& middle) {
  return "one of the variables needed for gradient computation has been modified by an inplace "
         "operation: " +
         middle;
}
void expect_modified(const tensor_t* loss, std::initializer_list<const tensor_t*> arguments,
                     const std::string& middle, const std::string& writer) {
  const std::string expected = as_here(modified(middle));
  std::vector<std::string> before;
  for (const tensor_t* argument : arguments) before.push_back(describe(argument));
  ASSERT_EQ(tensor_backward(const_cast<tensor_t*>(loss)), TENSOR_ERROR_INVALID_ARGUMENT);
  const std::string message = tensor_last_error();
  EXPECT_EQ(message.substr(0, expected.size()), expected);
  EXPECT_NE(
      message.find("Hint: enable anomaly detection to find the operation that failed to compute "
                   "its gradient, with torch.autograd.set_detect_anomaly(True"),
      std::string::npos)
      << message;
  EXPECT_NE(message.find(writer), std::string::npos) << "does not name the writer: " << message;
  size_t i = 0;
  for (const tensor_t* argument : arguments) EXPECT_EQ(describe(argument), before[i++]);
}

TEST_F(GraphMessage, SavedInputModifiedInPlace) {
  const Owned x = leaf({1, 2, 3}), b = call(tensor_mul_scalar, x, number(1));
  const Owned loss = call(tensor_sum, call(tensor_mul, b, b));
  OK(tensor_add_scalar_(b, number(1)));
  expect_modified(loss, {x, b, loss},
                  "[torch.DoubleTensor [3]], which is output 0 of Add, is at version 1; "
                  "expected version 0 instead. ",
                  "add_");
}

TEST_F(GraphMessage, SavedResultModifiedInPlace) {
  const Owned x = leaf({1, 2, 3}), b = call(tensor_exp, x), loss = call(tensor_sum, b);
  OK(tensor_mul_scalar_(b, number(2)));
  expect_modified(loss, {x, b, loss},
                  "[torch.DoubleTensor [3]], which is output 0 of Exp, is at version 1; "
                  "expected version 0 instead. ",
                  "mul_");
}

TEST_F(GraphMessage, SavedConstantModifiedThroughAView) {
  const Owned x = leaf({1, 2, 3}), w = plain({1, 1, 1});
  const Owned loss = call(tensor_sum, call(tensor_mul, x, w));
  OK(tensor_zero_(call(tensor_select, w, 0, 1)));
  expect_modified(loss, {x, w, loss},
                  "[torch.DoubleTensor [3]] is at version 1; expected version 0 instead. ",
                  "zero_");
}

TEST_F(GraphMessage, GradOfAnInputThatWasNotUsed) {
  const Owned x = scalar_leaf(1), y = call(tensor_exp, x), other = leaf({1, 2});
  tensor_t *outputs[] = {y}, *inputs[] = {other};
  expect_no_result(
      {TENSOR_ERROR_INVALID_ARGUMENT,
       "The differentiated Tensor at index 0 appears to not have been used in the graph. Set "
       "allow_unused=True if this is the desired behavior."},
      {x, y, other}, [&](tensor_t** out) {
        return tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, nullptr, out);
      });
}

TEST_F(GraphMessage, GradOfAnInputThatNeedsNone) {
  const Owned x = scalar_leaf(1), y = call(tensor_exp, x), other = plain({1, 2});
  tensor_t *outputs[] = {y}, *inputs[] = {other};
  expect_no_result(
      {TENSOR_ERROR_INVALID_ARGUMENT, "One of the differentiated Tensors does not require grad"},
      {x, y, other}, [&](tensor_t** out) {
        return tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, nullptr, out);
      });
}

TEST_F(GraphMessage, GradOfNoInputs) {
  const Owned x = scalar_leaf(1), y = call(tensor_exp, x);
  tensor_t* outputs[] = {y};
  expect_no_result(
      {TENSOR_ERROR_INVALID_ARGUMENT, "`inputs` argument to `grad()` cannot be empty."}, {x, y},
      [&](tensor_t** out) {
        return tensor_autograd_grad(outputs, 1, nullptr, 0, nullptr, nullptr, out);
      });
}

TEST_F(GraphMessage, DetachInPlaceOfAView) {
  const Owned x = leaf({1, 2, 3}), y = call(tensor_exp, x), part = call(tensor_select, y, 0, 0);
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT,
       "Can't detach views in-place. Use detach() instead. If you are using "
       "DistributedDataParallel "
       "(DDP) for training, and gradient_as_bucket_view is set as True, gradients are views of DDP "
       "buckets, and hence detach_() cannot be called on these gradients. To fix this error, "
       "please "
       "refer to the Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution."},
      {x, y, part}, [&] { return tensor_detach_(part); });
}

TEST_F(GraphMessage, OutArgumentsDoNotRecord) {
  const Owned x = leaf({1, 2, 3}), a = plain({1, 1, 1}), out = plain({0, 0, 0});
  const Refusal expected{
      TENSOR_ERROR_INVALID_ARGUMENT,
      "add(): functions with out=... arguments don't support automatic differentiation, "
      "but one of the arguments requires grad."};
  expect_refusal(expected, {x, a, out}, [&] { return tensor_add_out(x, a, out); });
  expect_refusal(expected, {x, a}, [&] { return tensor_add_out(a, a, x); });
}

TEST_F(GraphMessage, IntegersCannotRequireGrad) {
  const tensor_options_t settings = options(TENSOR_INT64, true);
  const int64_t sizes[] = {3};
  const int64_t data[] = {1, 2, 3};
  const Refusal expected{TENSOR_ERROR_INVALID_ARGUMENT,
                         "Only Tensors of floating point and complex dtype can require gradients"};
  expect_no_result(expected, {},
                   [&](tensor_t** out) { return tensor_ones(sizes, 1, &settings, out); });
  expect_no_result(expected, {},
                   [&](tensor_t** out) { return tensor_empty(sizes, 1, &settings, out); });
  expect_no_result(expected, {}, [&](tensor_t** out) {
    return tensor_from_data(data, sizes, 1, &settings, out);
  });
}

}  // namespace
}  // namespace test
