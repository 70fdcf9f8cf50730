// tensor_gradcheck and tensor_gradgradcheck see what is right and what is wrong.
#include "support/callback.h"
#include "support/refusal.h"
#include "support/texts.h"

namespace test {
namespace {

class Gradcheck : public TensorTest {
 protected:
  tensor_status_t check(Function function, const tensor_gradcheck_options_t* options = nullptr) {
    tensor_t* inputs[] = {x_};
    return tensor_gradcheck(call_one, &function, inputs, 1, 1, options);
  }
  tensor_status_t check_second(Function function) {
    tensor_t* inputs[] = {x_};
    return tensor_gradgradcheck(call_one, &function, inputs, 1, 1, nullptr, 0, nullptr);
  }

  const Owned x_ = leaf({1, 2});
  // Half of the history of x * x is cut off: backward gives x where the derivative is 2 x.
  const Function half_ = [](const Inputs& in) {
    return call(tensor_mul, in[0], call(tensor_detach, in[0]));
  };
  const Function square_ = [](const Inputs& in) { return call(tensor_mul, in[0], in[0]); };
};

TEST_F(Gradcheck, RightGradientsPass) {
  OK(check(square_));
  OK(check_second(square_));
  EXPECT_EQ(version(x_), 0u);
  EXPECT_FALSE(grad(x_));
}

TEST_F(Gradcheck, WrongGradientIsFoundWithBothJacobians) {
  EXPECT_EQ(check(half_), TENSOR_ERROR_GRADCHECK);
  EXPECT_EQ(
      tensor_last_error(),
      as_here(
          "Jacobian mismatch for output 0 with respect to input 0,\n"
          "numerical:tensor([[2.0000, 0.0000],\n        [0.0000, 4.0000]], dtype=torch.float64)\n"
          "analytical:tensor([[1., 0.],\n        [0., 2.]], dtype=torch.float64)\n"));
  EXPECT_STREQ(tensor_status_name(TENSOR_ERROR_GRADCHECK), "wrong gradient");
}

TEST_F(Gradcheck, WrongSecondGradientIsFound) {
  // x^2 with the right first derivative, which itself has no history.
  const Function cut = [](const Inputs& in) {
    const Owned slope = call(tensor_mul_scalar, call(tensor_detach, in[0]), number(2));
    const Owned value = call(tensor_detach, call(tensor_mul, in[0], in[0]));
    const Owned moved = call(tensor_sub, in[0], call(tensor_detach, in[0]));  // 0, slope 1
    return call(tensor_add, value, call(tensor_mul, moved, slope));
  };
  OK(check(cut));
  EXPECT_EQ(check_second(cut), TENSOR_ERROR_GRADCHECK);
}

TEST_F(Gradcheck, TolerancesAreTheCallers) {
  tensor_gradcheck_options_t options = tensor_gradcheck_options_default();
  options.atol = 3;
  OK(check(half_, &options));
  options = tensor_gradcheck_options_default();
  options.rtol = 0.6;
  OK(check(half_, &options));
  options = tensor_gradcheck_options_default();
  options.eps = 0;
  EXPECT_EQ(check(half_, &options), TENSOR_ERROR_VALUE);
  options.struct_size = 3;
  EXPECT_EQ(check(half_, &options), TENSOR_ERROR_INVALID_ARGUMENT);
}

TEST_F(Gradcheck, FastModeComparesOneNumber) {
  tensor_gradcheck_options_t options = tensor_gradcheck_options_default();
  options.fast_mode = true;
  int calls = 0;
  const Owned wide = leaf(Values(500, 0.5));
  Function counted = [&](const Inputs& in) {
    ++calls;
    return call(tensor_exp, in[0]);
  };
  tensor_t* inputs[] = {wide};
  OK(tensor_gradcheck(call_one, &counted, inputs, 1, 1, &options));
  EXPECT_LE(calls, 4);
  EXPECT_EQ(check(half_, &options), TENSOR_ERROR_GRADCHECK);
  EXPECT_EQ(std::string(tensor_last_error())
                .find("Jacobian mismatch for output 0 with respect to input 0,\nnumerical:tensor("),
            0u);
  const Function hidden = [](const Inputs& in) { return call(tensor_detach, in[0]); };
  EXPECT_EQ(check(hidden, &options), TENSOR_ERROR_GRADCHECK);
  Function square = square_;
  inputs[0] = x_;
  OK(tensor_gradgradcheck(call_one, &square, inputs, 1, 1, nullptr, 0, &options));
}

TEST_F(Gradcheck, InputsMustAskForGradients) {
  const Owned none = plain({1, 2});
  Function function = square_;
  tensor_t* inputs[] = {none};
  expect_refusal({TENSOR_ERROR_VALUE,
                  "gradcheck expects at least one input tensor to require gradient, but none of "
                  "them have requires_grad=True."},
                 {none},
                 [&] { return tensor_gradcheck(call_one, &function, inputs, 1, 1, nullptr); });
}

TEST_F(Gradcheck, OverlappingInputIsRefused) {
  const Shape sizes{3, 2};
  const Owned wide = call(tensor_expand, x_, sizes.data(), sizes.size());
  Function function = square_;
  tensor_t* inputs[] = {wide};
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT,
       "The 0th input has a dimension with stride 0. gradcheck only supports inputs that "
       "are non-overlapping to be able to compute the numerical gradients correctly. You "
       "should call .contiguous on the input before passing it to gradcheck."},
      {wide}, [&] { return tensor_gradcheck(call_one, &function, inputs, 1, 1, nullptr); });
}

TEST_F(Gradcheck, OutputWithoutHistoryMustBeConstant) {
  const Function steps = [](const Inputs& in) {
    const Owned above = call(tensor_gt_scalar, in[0], number(0));
    return call(tensor_where_scalars, above, number(1), number(0));
  };
  OK(check(steps));
  const Function hidden = [](const Inputs& in) { return call(tensor_detach, in[0]); };
  EXPECT_EQ(check(hidden), TENSOR_ERROR_GRADCHECK);
  EXPECT_STREQ(tensor_last_error(), "Numerical gradient for function expected to be zero");
}

TEST_F(Gradcheck, TransposedAndSeveralInputs) {
  const Owned a = leaf({1, 2, 3, 4, 5, 6}, {2, 3}), b = leaf({1, -1, 2, 0.5}, {2, 2});
  const Owned turned = call(tensor_transpose, a, 0, 1);
  ManyFunction f = [](const Inputs& in) {
    std::vector<Owned> results;
    results.push_back(call(tensor_matmul, in[0], in[1]));
    results.push_back(call(tensor_sum, in[1]));
    return results;
  };
  tensor_t* inputs[] = {turned, b};
  OK(tensor_gradcheck(call_many, &f, inputs, 2, 2, nullptr));
  OK(tensor_gradgradcheck(call_many, &f, inputs, 2, 2, nullptr, 0, nullptr));
  const Owned first = leaf({1, 2, 3, 4, 5, 6}, {3, 2}), second = scalar_leaf(2);
  tensor_t* arriving[] = {first, second};
  OK(tensor_gradgradcheck(call_many, &f, inputs, 2, 2, arriving, 2, nullptr));
}

TEST_F(Gradcheck, ErrorsOfTheFunctionTravel) {
  const auto fails = [](void*, tensor_t* const*, size_t, tensor_t**, size_t) {
    return tensor_set_last_error(TENSOR_ERROR_INDEX, "too far");
  };
  tensor_t* inputs[] = {x_};
  expect_refusal({TENSOR_ERROR_INDEX, "too far"}, {x_},
                 [&] { return tensor_gradcheck(fails, nullptr, inputs, 1, 1, nullptr); });
}

}  // namespace
}  // namespace test
