// Gradients against central differences in double precision, first and second order.
#pragma once

#include <algorithm>
#include <random>

#include "support/callback.h"

namespace test {

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

// Closer than the defaults of tensor_gradcheck: formulas are exact, only the differences are not.
inline tensor_gradcheck_options_t close_options() {
  tensor_gradcheck_options_t options = tensor_gradcheck_options_default();
  options.eps = 1e-5;
  options.atol = options.rtol = 2e-6;
  return options;
}

inline std::vector<Owned> spread_leaves(const std::vector<Shape>& shapes, Domain domain) {
  std::mt19937 random(1);
  std::vector<Owned> leaves;
  for (const Shape& shape : shapes) {
    size_t count = 1;
    for (int64_t size : shape) count *= static_cast<size_t>(size);
    leaves.push_back(leaf(spread(count, domain, random, leaves.size()), shape));
  }
  return leaves;
}

inline void expect_gradients(Function function, const std::vector<Shape>& shapes, Domain domain) {
  const std::vector<Owned> leaves = spread_leaves(shapes, domain);
  const Owned output = function(Inputs(leaves.begin(), leaves.end()));
  ASSERT_TRUE(output && requires_grad(output)) << "not differentiable";
  const Handles inputs(leaves.begin(), leaves.end());
  const tensor_gradcheck_options_t options = close_options();
  EXPECT_EQ(tensor_gradcheck(call_one, &function, inputs.data(), inputs.size(), 1, &options),
            TENSOR_OK)
      << tensor_last_error();
}

inline void expect_second_gradients(Function function, const std::vector<Shape>& shapes,
                                    Domain domain) {
  const std::vector<Owned> leaves = spread_leaves(shapes, domain);
  const Handles inputs(leaves.begin(), leaves.end());
  const tensor_gradcheck_options_t options = close_options();
  tensor_manual_seed(1);
  EXPECT_EQ(tensor_gradgradcheck(call_one, &function, inputs.data(), inputs.size(), 1, nullptr, 0,
                                 &options),
            TENSOR_OK)
      << tensor_last_error();
}

}  // namespace test
