// A differentiable operation on some shapes, whose gradients are compared with differences.
#pragma once

#include <ostream>

#include "support/gradcheck.h"

namespace test {

struct GradientCase {
  const char* op;     // its name in the table of operations
  const char* label;  // what is special here
  std::vector<Shape> shapes;
  Function function;
  Domain domain = {};
  bool is_pointwise = false;  // a derived case of a pointwise operation, which runs beside those by
                              // hand
};

inline std::ostream& operator<<(std::ostream& out, const GradientCase& c) {
  return out << c.op << ' ' << c.label;
}

// The tables, one per file.
std::vector<GradientCase> pointwise_gradient_cases();
std::vector<GradientCase> shape_gradient_cases();
std::vector<GradientCase> reduction_gradient_cases();
std::vector<GradientCase> indexing_gradient_cases();
std::vector<GradientCase> derived_gradient_cases();  // generated

inline constexpr Domain kPositive{0.3, 2};

// A function of one argument, `f(x, more..., out)`.
template <class F, class... More>
Function unary(F* f, More... more) {
  return [=](const Inputs& in) { return call(f, in[0], more...); };
}
template <class F, class... More>
Function binary(F* f, More... more) {
  return [=](const Inputs& in) { return call(f, in[0], in[1], more...); };
}
// The elements of several results, one after the other.
inline Owned all_in_one(const Handles& results) {
  const int64_t flat = -1;
  std::vector<Owned> parts;
  for (tensor_t* result : results) parts.push_back(call(tensor_reshape, result, &flat, 1));
  const Handles handles(parts.begin(), parts.end());
  return call(tensor_cat, handles.data(), handles.size(), nullptr);
}
// In place, on a copy: leaves must not be changed.
template <class F, class... More>
Function unary_in_place(F* f, More... more) {
  return [=](const Inputs& in) {
    Owned copy = call(tensor_clone, in[0]);
    EXPECT_EQ(f(copy, more...), TENSOR_OK) << tensor_last_error();
    return copy;
  };
}
template <class F, class... More>
Function binary_in_place(F* f, More... more) {
  return [=](const Inputs& in) {
    Owned copy = call(tensor_clone, in[0]);
    EXPECT_EQ(f(copy, in[1], more...), TENSOR_OK) << tensor_last_error();
    return copy;
  };
}

}  // namespace test
