// tensor::Function and hooks in C++.
#include <gtest/gtest.h>
#include <tensor/tensor.hpp>

#include <stdexcept>

namespace {

using tensor::FunctionContext;
using tensor::Tensor;
using Tensors = std::vector<Tensor>;

Tensor leaf(const std::vector<double>& values) {
  return Tensor::from_data(values, {static_cast<int64_t>(values.size())},
                           tensor::Options().requires_grad(true));
}
std::vector<double> values(const Tensor& t) {
  std::vector<double> result(static_cast<size_t>(t.numel()));
  EXPECT_EQ(tensor_copy_to(t.handle(), result.data(), result.size() * sizeof(double)), TENSOR_OK);
  return result;
}

struct Square : tensor::Function<Square> {
  static int alive;
  Square() { ++alive; }
  ~Square() { --alive; }
  static const char* name() { return "SquareBackward"; }
  Tensors forward(FunctionContext& context, const Tensors& inputs) {
    context.save_for_backward(inputs);
    return {inputs[0] * inputs[0]};
  }
  Tensors backward(FunctionContext& context, const Tensors& grads) {
    return {grads[0] * context.saved_tensors()[0] * 2};
  }
};
int Square::alive = 0;

struct Scale : tensor::Function<Scale> {
  explicit Scale(double factor) : factor_(factor) {}
  Tensors forward(FunctionContext&, const Tensors& inputs) { return {inputs[0] * factor_}; }
  Tensors backward(FunctionContext& context, const Tensors& grads) {
    if (factor_ == 0) throw std::runtime_error("a factor of 0 has no derivative here");
    EXPECT_TRUE(context.needs_input_grad(0));
    if (factor_ < 0) return {};
    return {grads[0] * factor_};
  }
  double factor_;
};

TEST(CppFunction, IsDifferentiatedByItsBackward) {
  const size_t live = tensor_live_handles();
  {
    const Tensor x = leaf({2, 3}), y = Square::apply({x})[0];
    EXPECT_EQ(y.grad_fn_name(), "SquareBackward");
    EXPECT_EQ(Square::alive, 1);
    y.sum().backward();
    EXPECT_EQ(values(x.grad()), std::vector<double>({4, 6}));
  }
  EXPECT_EQ(Square::alive, 0);
  EXPECT_EQ(tensor_live_handles(), live);
}

TEST(CppFunction, TakesArgumentsOfItsConstructor) {
  const Tensor x = leaf({2, 3});
  Scale::apply({x}, 5.0)[0].sum().backward();
  EXPECT_EQ(values(x.grad()), std::vector<double>({5, 5}));
}

TEST(CppFunction, WhatItThrowsComesOutOfBackward) {
  const size_t live = tensor_live_handles();
  {
    const Tensor x = leaf({2, 3});
    const Tensor y = Scale::apply({x}, 0.0)[0].sum(), z = Scale::apply({x}, -1.0)[0].sum();
    try {
      y.backward();
      FAIL() << "nothing was thrown";
    } catch (const tensor::Error& error) {
      EXPECT_STREQ(error.what(), "a factor of 0 has no derivative here");
    }
    try {
      z.backward();
      FAIL() << "nothing was thrown";
    } catch (const tensor::Error& error) {
      EXPECT_STREQ(error.what(),
                   "function CppFunctionBackward returned an incorrect number of gradients "
                   "(expected 1, got 0)");
    }
  }
  EXPECT_EQ(tensor_live_handles(), live);
}

TEST(CppHooks, SeeAndReplaceGradients) {
  const Tensor x = leaf({2, 3});
  int accumulated = 0;
  tensor::Hook hook =
      tensor::autograd::register_hook(x, [](const Tensor& grad) { return grad * 10; });
  tensor::autograd::register_post_accumulate_grad_hook(x, [&](const Tensor& t) {
    ++accumulated;
    EXPECT_TRUE(t.requires_grad());
  });
  x.sum().backward();
  EXPECT_EQ(values(x.grad()), std::vector<double>({10, 10}));
  hook.remove();
  x.sum().backward();
  EXPECT_EQ(values(x.grad()), std::vector<double>({11, 11}));
  EXPECT_EQ(accumulated, 2);
}

TEST(CppHooks, WhatTheyThrowComesOutOfBackward) {
  const Tensor x = leaf({2, 3});
  tensor::autograd::register_hook(x, [](const Tensor&) -> Tensor { throw 7; });
  EXPECT_THROW(x.sum().backward(), tensor::Error);
}

}  // namespace
