#include "gradient_case.h"

namespace test {
namespace {

Function along(decltype(tensor_sum_dim)* f, Shape dims, bool keepdim) {
  return [=](const Inputs& in) { return call(f, in[0], dims.data(), dims.size(), keepdim); };
}
template <class T>
Function along(tensor_status_t (*f)(const tensor_t*, const T*, tensor_t**), Shape dims,
               bool keepdim) {
  return [=](const Inputs& in) {
    return call(
        f, in[0],
        With(&T::dim, dims.data()).add(&T::dim_count, dims.size()).add(&T::keepdim, keepdim));
  };
}
// The values of a function that also gives positions.
template <class T>
Function values_along(tensor_status_t (*f)(const tensor_t*, int64_t, const T*, tensor_t**,
                                           tensor_t**),
                      int64_t dim, bool keepdim) {
  return [=](const Inputs& in) {
    tensor_t *values = nullptr, *indices = nullptr;
    EXPECT_EQ(f(in[0], dim, With(&T::keepdim, keepdim), &values, &indices), TENSOR_OK)
        << tensor_last_error();
    tensor_release(indices);
    return Owned(values);
  };
}
Function addmm(double beta, double alpha) {
  return [=](const Inputs& in) {
    return call(tensor_addmm, in[0], in[1], in[2],
                With(&tensor_addmm_options_t::beta, number(beta))
                    .add(&tensor_addmm_options_t::alpha, number(alpha)));
  };
}

const std::vector<Shape> kMatrix = {{2, 3}}, kCube = {{2, 3, 2}};

}  // namespace

std::vector<GradientCase> reduction_gradient_cases() {
  return {
      {"sum", "", kCube, unary(tensor_sum)},
      {"sum", "0-dim", {{}}, unary(tensor_sum)},
      {"sum", "nothing", {{0, 2}}, unary(tensor_sum)},
      {"sum_dim", "", kCube, along(tensor_sum_dim, {1}, false)},
      {"sum_dim", "two, kept", kCube, along(tensor_sum_dim, {0, -1}, true)},
      {"sum_dim", "all", kCube, along(tensor_sum_dim, {}, false)},
      {"mean", "", kCube, unary(tensor_mean)},
      {"mean_dim", "", kCube, along(tensor_mean_dim, {1}, false)},
      {"mean_dim", "two, kept", kCube, along(tensor_mean_dim, {0, 2}, true)},
      {"max", "", kMatrix, unary(tensor_max)},
      {"min", "", kMatrix, unary(tensor_min)},
      {"max_dim", "", kCube, values_along(tensor_max_dim, 1, false)},
      {"max_dim", "kept", kCube, values_along(tensor_max_dim, 0, true)},
      {"min_dim", "", kCube, values_along(tensor_min_dim, -1, false)},
      {"max_dim", "0-dim", {{}}, values_along(tensor_max_dim, 0, false)},
      {"amax", "", kCube, along(tensor_amax, {1}, false)},
      {"amax", "kept", kCube, along(tensor_amax, {0, 2}, true)},
      {"amin", "all", kMatrix, along(tensor_amin, {}, false)},
      {"softmax", "last", kMatrix, unary(tensor_softmax, int64_t{1})},
      {"softmax", "middle", kCube, unary(tensor_softmax, int64_t{1})},
      {"log_softmax", "last", kMatrix, unary(tensor_log_softmax, int64_t{1})},
      {"log_softmax", "first", kCube, unary(tensor_log_softmax, int64_t{0})},
      {"mm", "", {{2, 3}, {3, 4}}, binary(tensor_mm)},
      {"mm", "nothing inside", {{2, 0}, {0, 4}}, binary(tensor_mm)},
      {"bmm", "", {{2, 2, 3}, {2, 3, 2}}, binary(tensor_bmm)},
      {"mv", "", {{2, 3}, {3}}, binary(tensor_mv)},
      {"dot", "", {{3}, {3}}, binary(tensor_dot)},
      {"matmul", "vectors", {{3}, {3}}, binary(tensor_matmul)},
      {"matmul", "vector and matrix", {{3}, {3, 2}}, binary(tensor_matmul)},
      {"matmul", "matrix and vector", {{2, 3}, {3}}, binary(tensor_matmul)},
      {"matmul", "stack and matrix", {{2, 2, 3}, {3, 2}}, binary(tensor_matmul)},
      {"matmul", "broadcast stacks", {{2, 1, 2, 3}, {2, 3, 2}}, binary(tensor_matmul)},
      {"matmul", "vector and stack", {{3}, {2, 3, 2}}, binary(tensor_matmul)},
      {"addmm", "", {{2, 4}, {2, 3}, {3, 4}}, addmm(1, 1)},
      {"addmm", "scaled, broadcast", {{4}, {2, 3}, {3, 4}}, addmm(0.5, 2)},
      {"addmm",
       "in place",
       {{2, 2}, {2, 3}, {3, 2}},
       [](const Inputs& in) {
         Owned copy = call(tensor_clone, in[0]);
         EXPECT_EQ(tensor_addmm_(copy, in[1], in[2],
                                 With(&tensor_addmm_options_t::beta, number(0.5))
                                     .add(&tensor_addmm_options_t::alpha, number(2))),
                   TENSOR_OK);
         return copy;
       }},
  };
}

}  // namespace test
