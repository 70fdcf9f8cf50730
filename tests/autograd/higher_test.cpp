// Higher derivatives: gradients that were recorded can be differentiated again.
#include "support/gradients.h"

namespace test {
namespace {

class Higher : public TensorTest {};

// The first three derivatives of sum(f(x)), which act on each element alone.
void expect_derivatives(const std::function<Owned(const tensor_t*)>& f, const Values& at,
                        const std::function<Values(double)>& derivatives) {
  const Owned x = leaf(at);
  Owned current = f(x);
  for (int order = 0; order < 3; ++order) {
    current = differentiable_gradient(call(tensor_sum, current), x);
    Values expected;
    for (double point : at) expected.push_back(derivatives(point)[order]);
    SCOPED_TRACE("derivative " + std::to_string(order + 1));
    expect_near(current, expected, 1e-10);
  }
}

TEST_F(Higher, Power) {
  expect_derivatives([](const tensor_t* x) { return call(tensor_pow_scalar, x, number(4)); },
                     {-1, 0.5, 2},
                     [](double x) {
                       return Values{4 * x * x * x, 12 * x * x, 24 * x};
                     });
}

TEST_F(Higher, Exp) {
  expect_derivatives([](const tensor_t* x) { return call(tensor_exp, x); }, {-1, 0, 1},
                     [](double x) { return Values(3, std::exp(x)); });
}

TEST_F(Higher, Log) {
  expect_derivatives([](const tensor_t* x) { return call(tensor_log, x); }, {0.5, 1, 3},
                     [](double x) {
                       return Values{1 / x, -1 / (x * x), 2 / (x * x * x)};
                     });
}

TEST_F(Higher, Sqrt) {
  expect_derivatives(
      [](const tensor_t* x) { return call(tensor_sqrt, x); }, {0.25, 1, 4},
      [](double x) {
        return Values{0.5 / std::sqrt(x), -0.25 * std::pow(x, -1.5), 0.375 * std::pow(x, -2.5)};
      });
}

TEST_F(Higher, Tanh) {
  expect_derivatives([](const tensor_t* x) { return call(tensor_tanh, x); }, {-1, 0.1, 0.7},
                     [](double x) {
                       const double t = std::tanh(x), d = 1 - t * t;
                       return Values{d, -2 * t * d, d * (6 * t * t - 2)};
                     });
}

TEST_F(Higher, Sigmoid) {
  expect_derivatives([](const tensor_t* x) { return call(tensor_sigmoid, x); }, {-1, 0.1, 0.7},
                     [](double x) {
                       const double s = 1 / (1 + std::exp(-x)), d = s * (1 - s);
                       return Values{d, d * (1 - 2 * s), d * (1 - 6 * d)};
                     });
}

TEST_F(Higher, Reciprocal) {
  expect_derivatives([](const tensor_t* x) { return call(tensor_reciprocal, x); }, {-2, 0.5, 1},
                     [](double x) {
                       return Values{-1 / (x * x), 2 / (x * x * x), -6 / (x * x * x * x)};
                     });
}

TEST_F(Higher, ProductOfThePowersOfOneTensor) {
  expect_derivatives([](const tensor_t* x) { return call(tensor_mul, call(tensor_mul, x, x), x); },
                     {-1, 2},
                     [](double x) {
                       return Values{3 * x * x, 6 * x, 6};
                     });
}

TEST_F(Higher, MixedDerivativesAgree) {
  const Owned x = scalar_leaf(2), y = scalar_leaf(3);
  const Owned z = call(tensor_mul, call(tensor_mul, x, x), call(tensor_exp, y));  // x^2 e^y
  const Owned by_x = differentiable_gradient(z, x), by_y = differentiable_gradient(z, y);
  expect_near(gradient(by_x, y), {4 * std::exp(3)});
  expect_near(gradient(by_y, x), {4 * std::exp(3)});
}

TEST_F(Higher, BackwardThatIsRecordedGivesAGradWithAGraph) {
  const Owned x = scalar_leaf(2), y = call(tensor_pow_scalar, x, number(3));
  tensor_backward_options_t options = tensor_backward_options_default();
  options.create_graph = true;
  OK(tensor_backward_with(y, &options));
  const Owned first = grad(x);
  EXPECT_TRUE(requires_grad(first));
  expect_values(gradient(first, x), {12});
  OK(tensor_set_grad(x, nullptr));  // the grad's graph holds the leaf: break the cycle
}

TEST_F(Higher, GradientPenalty) {
  // loss = |d sum(tanh(w x)) / d x|^2, differentiated by w.
  const Owned w = leaf({0.3, -0.2}), x = leaf({0.5, 1.5});
  const Owned y = call(tensor_sum, call(tensor_tanh, call(tensor_mul, w, x)));
  const Owned g = differentiable_gradient(y, x), loss = call(tensor_sum, call(tensor_mul, g, g));
  OK(tensor_backward(loss));
  Values expected;
  for (auto [wi, xi] : {std::pair(0.3, 0.5), std::pair(-0.2, 1.5)}) {
    const double t = std::tanh(wi * xi), d = 1 - t * t;
    expected.push_back(2 * wi * d * (d + wi * xi * -2 * t * d));
  }
  expect_near(grad(w), expected, 1e-10);
}

TEST_F(Higher, HessianOfAQuadraticForm) {
  const Owned x = leaf({1, 2}, {2, 1}), a = plain({2, 1, 1, 3}, {2, 2});
  const Owned ax = call(tensor_mm, a, x), turned = call(tensor_transpose_2d, x);
  const Owned g = differentiable_gradient(call(tensor_mm, turned, ax), x);
  tensor_backward_options_t options = tensor_backward_options_default();
  options.retain_graph = true;
  expect_values(gradient(call(tensor_select, call(tensor_select, g, 0, 0), 0, 0), x, &options),
                {4, 2});
  expect_values(gradient(call(tensor_select, call(tensor_select, g, 0, 1), 0, 0), x, &options),
                {2, 6});
}

}  // namespace
}  // namespace test
