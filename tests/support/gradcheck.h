// Gradients against central differences in double precision, first and second order.
#pragma once

#include <algorithm>
#include <functional>
#include <random>

#include "support/gradients.h"

namespace test {

using Inputs = std::vector<const tensor_t*>;
using Function = std::function<Owned(const Inputs&)>;

struct Domain {
  double low = -2, high = 2;
};

// Values that differ by a good step, in random order; each phase (0 to 7) has others. So there are
// no ties, and no kinks near.
inline Values spread(size_t count, Domain domain, std::mt19937& random, size_t phase = 0) {
  Values result(count);
  const double step = (domain.high - domain.low) / static_cast<double>(count + 1);
  for (size_t i = 0; i < count; ++i) {
    result[i] =
        domain.low + step * (static_cast<double>(i) + 0.55 +
                             0.117 * static_cast<double>(phase % 8) + 0.001 * (random() % 100));
  }
  std::shuffle(result.begin(), result.end(), random);
  return result;
}

class GradCheck {
 public:
  GradCheck(Function function, std::vector<Shape> shapes, Domain domain, uint32_t seed = 1)
      : function_(std::move(function)), shapes_(std::move(shapes)), random_(seed) {
    for (const Shape& shape : shapes_) {
      size_t count = 1;
      for (int64_t size : shape) count *= static_cast<size_t>(size);
      points_.push_back(spread(count, domain, random_, points_.size()));
    }
  }

  void first_order() {
    const std::vector<Owned> leaves = make_leaves();
    const Owned output = function_(handles(leaves));
    ASSERT_TRUE(requires_grad(output)) << "not differentiable";
    const Values weights = spread(static_cast<size_t>(numel(output)), {-1, 1}, random_);
    compare(leaves, output, weights, function_);
  }

  // The gradient as a function of the inputs and of the gradient that arrives, checked in turn.
  void second_order() {
    size_t count = 0;
    {
      const std::vector<Owned> leaves = make_leaves();
      const Owned output = function_(handles(leaves));
      shapes_.push_back(shape(output));
      count = static_cast<size_t>(numel(output));
    }
    points_.push_back(spread(count, {-1, 1}, random_));
    const Function gradient = [this](const Inputs& inputs) {
      const Inputs own(inputs.begin(), inputs.end() - 1);
      return weighted_gradients(function_(own), own, inputs.back());
    };
    const std::vector<Owned> leaves = make_leaves();
    const Owned output = gradient(handles(leaves));
    if (!requires_grad(output)) return;  // of a function that is linear or constant
    compare(leaves, output, {1}, gradient);
  }

 private:
  std::vector<Owned> make_leaves() const {
    std::vector<Owned> leaves;
    for (size_t i = 0; i < shapes_.size(); ++i) leaves.push_back(leaf(points_[i], shapes_[i]));
    return leaves;
  }
  static Inputs handles(const std::vector<Owned>& owned) { return {owned.begin(), owned.end()}; }

  // sum over inputs of <d output / d input with `arriving` as gradient, fixed weights>
  static Owned weighted_gradients(const Owned& output, const Inputs& inputs,
                                  const tensor_t* arriving) {
    const Owned total = call(tensor_sum, call(tensor_mul, output, arriving));
    tensor_backward_options_t options = tensor_backward_options_default();
    options.create_graph = options.allow_unused = true;
    Handles wanted;
    for (const tensor_t* input : inputs) wanted.push_back(const_cast<tensor_t*>(input));
    const std::vector<Owned> results = gradients({total}, wanted, &options);
    Owned sum = plain({0}, {});
    std::mt19937 random(99);
    for (const Owned& result : results) {
      if (!result) continue;
      const Owned weights =
          plain(spread(static_cast<size_t>(numel(result)), {-1, 1}, random), shape(result));
      sum = call(tensor_add, sum, call(tensor_sum, call(tensor_mul, result, weights)));
    }
    return sum;
  }

  double evaluate(const Function& function, const Values& weights) const {
    const std::vector<Owned> leaves = make_leaves();
    const Values output = values(function(handles(leaves)));
    double sum = 0;
    for (size_t i = 0; i < output.size(); ++i) sum += output[i] * weights[i];
    return sum;
  }

  void compare(const std::vector<Owned>& leaves, const Owned& output, const Values& weights,
               const Function& function) {
    const Owned total = call(tensor_sum, call(tensor_mul, output, plain(weights, shape(output))));
    tensor_backward_options_t options = tensor_backward_options_default();
    options.allow_unused = true;
    Handles wanted(leaves.begin(), leaves.end());
    const std::vector<Owned> analytic = gradients({total}, wanted, &options);
    constexpr double kStep = 1e-5;
    for (size_t i = 0; i < leaves.size(); ++i) {
      const Values actual = analytic[i] ? values(analytic[i]) : Values(points_[i].size(), 0.0);
      if (analytic[i]) {
        ASSERT_EQ(shape(analytic[i]), shapes_[i]);
      }
      for (size_t n = 0; n < points_[i].size(); ++n) {
        const double point = points_[i][n];
        points_[i][n] = point + kStep;
        const double above = evaluate(function, weights);
        points_[i][n] = point - kStep;
        const double below = evaluate(function, weights);
        points_[i][n] = point;
        const double expected = (above - below) / (2 * kStep);
        ASSERT_NEAR(actual[n], expected, 2e-6 * std::max(1.0, std::fabs(expected)))
            << "input " << i << ", element " << n;
      }
    }
  }

  Function function_;
  std::vector<Shape> shapes_;
  std::vector<Values> points_;
  std::mt19937 random_;
};

}  // namespace test
