// Pieces of derivative formulas that more than a line says. Used by the `gradient` entries of the
// table; made of differentiable operations, so that they can be differentiated again.
#pragma once

#include <algorithm>
#include <array>

#include "ops/types.h"

namespace libtensor::ops {

// --- shapes
// Sums over the dims in which `shape` was broadcast to that of `grad`.
Tensor sum_to_size(const Tensor& grad, Span shape);
// The gradient of a reduction over `dims`, with the reduced dims put back in, of size 1.
Tensor restore_dims(const Tensor& reduced, Span shape, Span dims, bool keepdim);
Tensor expand_reduced(const Tensor& grad, Span shape, Span dims, bool keepdim);
Tensor permute_backward(const Tensor& grad, Span dims);
Tensor as_strided_backward(const Tensor& grad, const Dims& shape, const Dims& strides,
                           int64_t offset, const Dims& size, const Dims& stride,
                           int64_t storage_offset);
// The sum along `dim`, which stays in with size 1.
Tensor sum_along(const Tensor& self, int64_t dim);

// --- values
Tensor zeros_like(const Tensor& self);
Tensor zeros_of(Span shape, const Tensor& like);
Tensor to_like(const Tensor& grad, DType dtype, Device device);
Tensor scale(const Tensor& grad, Scalar factor);
Tensor one_minus(const Tensor& self);
inline Scalar one_minus(Scalar number) { return 1 - number.to<double>(); }

// --- derivatives
// Refuses: PyTorch has no derivative for the operation.
[[noreturn, gnu::cold]] Tensor no_derivative(const char* operation);
Tensor pow_backward(const Tensor& grad, const Tensor& self, Scalar exponent);
Tensor pow_backward_self(const Tensor& grad, const Tensor& self, const Tensor& exponent);
Tensor pow_backward_exponent(const Tensor& grad, const Tensor& self, const Tensor& exponent,
                             const Tensor& result);
Tensor erf_backward(const Tensor& grad, const Tensor& self);
Tensor scalar_pow_backward(const Tensor& grad, Scalar self, const Tensor& exponent,
                           const Tensor& result);
Tensor maximum_backward(const Tensor& grad, const Tensor& self, const Tensor& other);
Tensor minimum_backward(const Tensor& grad, const Tensor& self, const Tensor& other);
Tensor mean_backward(const Tensor& grad, Span shape, Span dims, bool keepdim);
// Of variances over `dims`; of a standard deviation; of either with the mean, of whose two
// gradients one may be undefined.
Tensor var_backward(const Tensor& grad, const Tensor& self, Span dims, double correction,
                    bool keepdim);
Tensor std_backward(const Tensor& grad, const Tensor& self, const Tensor& result, Span dims,
                    double correction, bool keepdim);
Tensor var_mean_backward(const Tensor& grad_variance, const Tensor& grad_mean, const Tensor& self,
                         Span dims, double correction, bool keepdim);
Tensor std_mean_backward(const Tensor& grad_deviation, const Tensor& grad_mean, const Tensor& self,
                         const Tensor& deviation, Span dims, double correction, bool keepdim);
Tensor prod_backward(const Tensor& grad, const Tensor& self);
Tensor prod_dim_backward(const Tensor& grad, const Tensor& self, int64_t dim, bool keepdim);
Tensor running_product_backward(const Tensor& grad, const Tensor& self, const Tensor& result,
                                int64_t dim, bool reverse);
std::array<Tensor, 2> recurrence_backward(const Tensor& grad, const Tensor& factor,
                                          const Tensor& result, int64_t dim, bool reverse,
                                          const std::array<bool, 2>& wanted);
// Shares `grad` out among the elements that are equal to the one extreme `result`.
Tensor evenly_distribute(const Tensor& grad, const Tensor& self, const Tensor& result);
Tensor scale_by_count(const Tensor& grad, const Tensor& self, const Tensor& result, Span dims,
                      bool keepdim);
Tensor value_selecting_backward(const Tensor& grad, int64_t dim, const Tensor& indices, Span shape,
                                bool keepdim);
std::array<Tensor, 2> scatter_reduce_backward(const Tensor& grad, const Tensor& self, int64_t dim,
                                              const Tensor& index, const Tensor& src,
                                              ScatterReduction reduce, bool include_self,
                                              const Tensor& result,
                                              const std::array<bool, 2>& wanted);
Tensor softmax_double_backward(const Tensor& grad, const Tensor& grad_output, int64_t dim,
                               const Tensor& output);
Tensor mse_loss_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                         Reduction reduction);

// --- lists
std::vector<Dims> shapes_of(std::span<const Tensor> tensors);
std::vector<DType> dtypes_of(std::span<const Tensor> tensors);
template <class Node>
void connect_all(Node& node, std::span<const Tensor> tensors) {
  node.set_edge_count(tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) node.connect(i, tensors[i]);
}
void move_to(std::span<Tensor> results, std::vector<Tensor> gradients);
std::vector<Tensor> cat_backward(const Tensor& grad, const std::vector<Dims>& shapes,
                                 const std::vector<DType>& dtypes, int64_t dim);
inline bool any_defined(std::span<const Tensor> tensors) {
  return std::any_of(tensors.begin(), tensors.end(), [](const Tensor& t) { return t.defined(); });
}
// Of these, undefined gradients count as zeros.
Tensor unbind_backward(std::span<const Tensor> gradients, Span shape, int64_t dim);
Tensor split_backward(std::span<const Tensor> gradients, Span shape, int64_t split_size,
                      int64_t dim);
Tensor split_with_sizes_backward(std::span<const Tensor> gradients, Span shape, Span split_sizes,
                                 int64_t dim);
std::vector<Tensor> stack_backward(const Tensor& grad, const std::vector<DType>& dtypes,
                                   int64_t dim);

}  // namespace libtensor::ops
