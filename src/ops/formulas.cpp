#include "ops/formulas.h"
#include "ops/generated/functions/activation.h"
#include "ops/generated/functions/arithmetic.h"
#include "ops/generated/functions/comparison.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/creation.h"
#include "ops/generated/functions/indexing.h"
#include "ops/generated/functions/joining.h"
#include "ops/generated/functions/linear_algebra.h"
#include "ops/generated/functions/losses.h"
#include "ops/generated/functions/math.h"
#include "ops/generated/functions/reductions.h"
#include "ops/generated/functions/views.h"

#include <cmath>
#include <numbers>

namespace libtensor::ops {

Tensor sum_to_size(const Tensor& grad, Span shape) {
  const int lead = grad.ndim() - static_cast<int>(shape.size());
  Dims dims;
  for (int i = 0; i < grad.ndim(); ++i) {
    if (i < lead || (shape[i - lead] == 1 && grad.shape()[i] != 1)) dims.push_back(i);
  }
  const Tensor sums = dims.empty() ? grad : sum_dim(grad, dims, true);
  return lead > 0 ? view(sums, shape) : sums;
}

Tensor restore_dims(const Tensor& reduced, Span shape, Span dims, bool keepdim) {
  if (keepdim || shape.empty()) return reduced;
  const uint64_t mask = dim_mask(dims, static_cast<int>(shape.size()));
  Dims restored(shape);
  for (int i = 0; i < restored.size(); ++i) {
    if (mask >> i & 1) restored[i] = 1;
  }
  return reshape(reduced, restored);
}

Tensor expand_reduced(const Tensor& grad, Span shape, Span dims, bool keepdim) {
  return expand(restore_dims(grad, shape, dims, keepdim), shape);
}

Tensor permute_backward(const Tensor& grad, Span dims) {
  Dims inverse(grad.ndim());
  for (int i = 0; i < grad.ndim(); ++i) inverse[wrap_dim(dims[i], grad.ndim())] = i;
  return permute(grad, inverse);
}

namespace {

// For each element of a geometry its place in a run of `count` elements of memory, flat.
Tensor places_in_memory(int64_t count, Span size, Span stride, int64_t offset, Device device) {
  const Tensor all = arange(0, count, 1, Options{DType::kInt64, device, false});
  return reshape(as_strided(all, size, stride, offset), Dims{-1});
}

// How many elements of a geometry lie at each place; 1 where none does, so that it may divide.
Tensor times_used(const Tensor& memory, const Tensor& places) {
  const Tensor ones = expand(full(Dims{1}, Scalar(1.0), options_of(memory)), places.shape());
  const Tensor count = index_add(zeros_of(memory.shape(), memory), 0, places, ones);
  return maximum(count, full(Dims{1}, Scalar(1.0), options_of(memory)));
}

}  // namespace

// PyTorch's way (FunctionsManual.cpp, "as_strided Backward and layout-aware/agnostic autograd"):
// gradients are summed where the result's elements share memory, and what belongs to one place in
// memory is divided among the input's elements that lie there.
Tensor as_strided_backward(const Tensor& grad, const Dims& shape, const Dims& strides,
                           int64_t offset, const Dims& size, const Dims& stride,
                           int64_t storage_offset) {
  if (numel_of(shape) == 0 || grad.numel() == 0) return zeros_of(shape, grad);
  // Along a dim of stride 0 the result is the same element again.
  Dims repeated, single(size);
  for (int dim = 0; dim < size.size(); ++dim) {
    if (size[dim] == 1 || stride[dim] != 0) continue;
    repeated.push_back(dim);
    single[dim] = 1;
  }
  const Tensor sums = repeated.empty() ? grad : sum_dim(grad, repeated, true);
  // A run of memory that holds both geometries, and the gradient of each element of it.
  const int64_t first = std::min(offset, storage_offset);
  const int64_t last =
      std::max(offset + reach(shape, strides), storage_offset + reach(single, stride));
  Tensor memory = zeros_of(Dims{last - first + 1}, grad);
  if (is_non_overlapping(single, stride)) {
    copy_(as_strided(memory, single, stride, storage_offset - first), sums);
  } else {
    const Tensor places =
        places_in_memory(memory.numel(), single, stride, storage_offset - first, grad.device());
    memory = index_add(memory, 0, places, reshape(sums, Dims{-1}));
  }
  if (!is_non_overlapping(shape, strides)) {
    const Tensor places =
        places_in_memory(memory.numel(), shape, strides, offset - first, grad.device());
    memory = div(memory, times_used(memory, places));
  }
  return as_strided(memory, shape, strides, offset - first);
}

Tensor sum_along(const Tensor& self, int64_t dim) { return sum_dim(self, Dims{dim}, true); }

Tensor zeros_like(const Tensor& self) { return zeros_like(self, Options{}); }
Tensor zeros_of(Span shape, const Tensor& like) { return zeros(shape, options_of(like)); }

Tensor to_like(const Tensor& grad, DType dtype, Device device) {
  return grad.dtype() == dtype && grad.device() == device ? grad : to_copy(grad, dtype, device);
}

Tensor one_minus(const Tensor& self) { return rsub_scalar(self, 1); }

Tensor scale(const Tensor& grad, Scalar factor) {
  return factor.to<double>() == 1 ? grad : mul_scalar(grad, factor);
}

Tensor no_derivative(const char* operation) {
  fail(Status::kInvalidArgument, "derivative for aten::", operation, " is not implemented");
}

Tensor pow_backward(const Tensor& grad, const Tensor& self, Scalar exponent) {
  if (exponent.to<double>() == 0) return zeros_like(self);
  const Scalar less = exponent.is_floating() ? Scalar(exponent.to<double>() - 1)
                                             : Scalar(exponent.to<int64_t>() - 1);
  return mul(grad, mul_scalar(pow_scalar(self, less), exponent));
}

Tensor pow_backward_self(const Tensor& grad, const Tensor& self, const Tensor& exponent) {
  const Tensor slope = mul(exponent, pow(self, sub_scalar(exponent, 1)));
  return where_scalar_self(eq_scalar(exponent, 0), 0, mul(grad, slope));
}

Tensor pow_backward_exponent(const Tensor& grad, const Tensor& self, const Tensor& exponent,
                             const Tensor& result) {
  // 0 to a positive power stays 0 whatever the exponent, though log(0) is infinite.
  const Tensor flat = mul(eq_scalar(self, 0), ge_scalar(exponent, 0));
  return mul(grad, where_scalar_self(flat, 0, mul(result, log(self))));
}

Tensor erf_backward(const Tensor& grad, const Tensor& self) {
  return mul(mul_scalar(exp(neg(pow_scalar(self, 2))), 2 * std::numbers::inv_sqrtpi), grad);
}

Tensor scalar_pow_backward(const Tensor& grad, Scalar self, const Tensor& exponent,
                           const Tensor& result) {
  const double base = self.to<double>();
  const Tensor slope = mul(grad, mul_scalar(result, std::log(base)));
  if (base != 0) return slope;
  return where_scalar_self(ge_scalar(exponent, 0), 0, slope);
}

Tensor maximum_backward(const Tensor& grad, const Tensor& self, const Tensor& other) {
  const Tensor shared = where(eq(self, other), div_scalar(grad, 2), grad);
  return where_scalar_self(lt(self, other), 0, shared);
}

Tensor minimum_backward(const Tensor& grad, const Tensor& self, const Tensor& other) {
  const Tensor shared = where(eq(self, other), div_scalar(grad, 2), grad);
  return where_scalar_self(gt(self, other), 0, shared);
}

Tensor mean_backward(const Tensor& grad, Span shape, Span dims, bool keepdim) {
  const Tensor expanded = expand_reduced(grad, shape, dims, keepdim);
  return div_scalar(expanded, numel_of(shape) / std::max<int64_t>(grad.numel(), 1));
}

Tensor var_backward(const Tensor& grad, const Tensor& self, Span dims, double correction,
                    bool keepdim) {
  const Tensor given = restore_dims(grad, self.shape(), dims, keepdim);
  const Tensor difference = sub(self, mean_dim(self, dims, true));
  const int64_t count = self.numel() / std::max<int64_t>(grad.numel(), 1);
  const double freedom = static_cast<double>(count) - correction;
  // With dims given, PyTorch divides by what is less than 0 as well.
  if (freedom <= 0 && dims.empty()) return mul(given, div_scalar(abs(difference), 0.0));
  return mul(mul_scalar(given, 2 / freedom), difference);
}

Tensor std_backward(const Tensor& grad, const Tensor& self, const Tensor& result, Span dims,
                    double correction, bool keepdim) {
  const Tensor of_variance = div(grad, mul_scalar(result, 2.0));
  return var_backward(where_scalar_self(eq_scalar(result, 0), 0, of_variance), self, dims,
                      correction, keepdim);
}

namespace {

Tensor with_mean(const Tensor& gradient, const Tensor& grad_mean, const Tensor& self, Span dims,
                 bool keepdim) {
  if (!grad_mean.defined()) return gradient;
  const Tensor of_mean = mean_backward(grad_mean, self.shape(), dims, keepdim);
  return gradient.defined() ? add(gradient, of_mean) : of_mean;
}

}  // namespace

Tensor var_mean_backward(const Tensor& grad_variance, const Tensor& grad_mean, const Tensor& self,
                         Span dims, double correction, bool keepdim) {
  Tensor gradient;
  if (grad_variance.defined())
    gradient = var_backward(grad_variance, self, dims, correction, keepdim);
  return with_mean(gradient, grad_mean, self, dims, keepdim);
}

Tensor std_mean_backward(const Tensor& grad_deviation, const Tensor& grad_mean, const Tensor& self,
                         const Tensor& deviation, Span dims, double correction, bool keepdim) {
  Tensor gradient;
  if (grad_deviation.defined())
    gradient = std_backward(grad_deviation, self, deviation, dims, correction, keepdim);
  return with_mean(gradient, grad_mean, self, dims, keepdim);
}

Tensor evenly_distribute(const Tensor& grad, const Tensor& self, const Tensor& result) {
  const Tensor is_nan = ne(result, result);
  const Tensor mask = where(is_nan, ne(self, self), eq(self, result));
  return where_scalar_other(mask, div(grad, sum(mask)), 0);
}

Tensor scale_by_count(const Tensor& grad, const Tensor& self, const Tensor& result, Span dims,
                      bool keepdim) {
  const Tensor mask = eq(self, restore_dims(result, self.shape(), dims, keepdim));
  return div(mul(restore_dims(grad, self.shape(), dims, keepdim), mask), sum_dim(mask, dims, true));
}

Tensor value_selecting_backward(const Tensor& grad, int64_t dim, const Tensor& indices, Span shape,
                                bool keepdim) {
  if (shape.empty()) return grad;
  const Dims dims{dim};
  return scatter(zeros_of(shape, grad), dim, restore_dims(indices, shape, dims, keepdim),
                 restore_dims(grad, shape, dims, keepdim));
}

// d/d output of output * (grad_output - sum(output * grad_output)), applied to `grad`.
Tensor softmax_double_backward(const Tensor& grad, const Tensor& grad_output, int64_t dim,
                               const Tensor& output) {
  const Tensor straight =
      sub(mul(grad, grad_output), mul(sum_along(mul(output, grad_output), dim), grad));
  return sub(straight, mul(grad_output, sum_along(mul(output, grad), dim)));
}

Tensor mse_loss_backward(const Tensor& grad, const Tensor& self, const Tensor& target,
                         Reduction reduction) {
  const Tensor difference = sub(self, target);
  const double norm =
      reduction == Reduction::kMean ? 2.0 / static_cast<double>(difference.numel()) : 2.0;
  return mul(mul_scalar(difference, norm), grad);
}

std::vector<Dims> shapes_of(std::span<const Tensor> tensors) {
  std::vector<Dims> shapes;
  for (const Tensor& tensor : tensors) shapes.push_back(tensor.shape());
  return shapes;
}

std::vector<DType> dtypes_of(std::span<const Tensor> tensors) {
  std::vector<DType> dtypes;
  for (const Tensor& tensor : tensors) dtypes.push_back(tensor.dtype());
  return dtypes;
}

void move_to(std::span<Tensor> results, std::vector<Tensor> gradients) {
  std::move(gradients.begin(), gradients.end(), results.begin());
}

std::vector<Tensor> cat_backward(const Tensor& grad, const std::vector<Dims>& shapes,
                                 const std::vector<DType>& dtypes, int64_t dim) {
  const int at = wrap_dim(dim, grad.ndim());
  std::vector<Tensor> gradients;
  int64_t start = 0;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const bool passed_over = shapes[i] == Dims{0} && grad.ndim() != 1;
    const int64_t size = passed_over ? 0 : shapes[i][at];
    const Tensor part = passed_over ? zeros_of(Dims{0}, grad) : narrow(grad, at, start, size);
    gradients.push_back(to_like(part, dtypes[i], grad.device()));
    start += size;
  }
  return gradients;
}

std::vector<Tensor> stack_backward(const Tensor& grad, const std::vector<DType>& dtypes,
                                   int64_t dim) {
  std::vector<Tensor> gradients;
  for (size_t i = 0; i < dtypes.size(); ++i) {
    gradients.push_back(
        to_like(select(grad, dim, static_cast<int64_t>(i)), dtypes[i], grad.device()));
  }
  return gradients;
}

}  // namespace libtensor::ops
