// Fresh tensors.
#include <cmath>
#include <limits>

#include "autograd/history.h"
#include "core/calls/arange.h"
#include "core/calls/random.h"
#include "core/device_runtime.h"
#include "core/kernel_registry.h"
#include "ops/checks.h"
#include "ops/generated/compute/creation.h"
#include "ops/generated/compute/reductions.h"
#include "ops/generated/compute/views.h"
#include "ops/pointwise.h"

namespace libtensor::ops::compute {
namespace {

Options like(const Tensor& self, const Options& options) {
  return {options.dtype_or(self.dtype()), options.device_or(self.device()), options.requires_grad};
}

Tensor make(Span shape, const Options& options, DType default_dtype = DType::kFloat32) {
  const DType dtype = options.dtype_or(default_dtype);
  check(!options.requires_grad || is_floating(dtype),
        "Only Tensors of floating point and complex dtype can require gradients");
  return Tensor::empty(shape, dtype, options.device_or(Device{}));
}

Tensor finish(Tensor tensor, const Options& options) {
  if (options.requires_grad) autograd::set_requires_grad(tensor, true);
  return tensor;
}

Tensor filled(Tensor tensor, Scalar value, const Options& options) {
  check_fill(value, tensor);
  pointwise::fill(tensor, value);
  return finish(std::move(tensor), options);
}

// A tensor like `self`, in its order of memory where that is dense.
Tensor make_like(const Tensor& self, const Options& options) {
  const DType dtype = options.dtype;
  check(!options.requires_grad || is_floating(dtype),
        "Only Tensors of floating point and complex dtype can require gradients");
  return Tensor::empty_strided(self.shape(), dense_strides_like(self.shape(), self.strides()),
                               dtype, options.device);
}

Tensor random(Distribution distribution, Tensor tensor, const Options& options, const char* name) {
  check_as(Status::kNotImplemented, is_floating(tensor.dtype()), "\"", name,
           "\" not implemented for '", scalar_name_of(tensor.dtype()), "'");
  if (tensor.numel() > 0) {
    RandomCall call{distribution,           tensor.dtype(),
                    tensor.numel(),         tensor.data(),
                    tensor.is_contiguous(), &runtime_for(tensor.device()).generator()};
    run_kernel(tensor.device(), call);
  }
  return finish(std::move(tensor), options);
}

constexpr const char* kUniform = "check_uniform_bounds";
constexpr const char* kNormal = "normal_kernel_cpu";

int64_t range_size(Scalar start, Scalar end, Scalar step, bool integral) {
  if (integral) {
    // What PyTorch divides: where that wraps around there, its result is an error or wrong.
    const int64_t by = step.to<int64_t>(), rounding = by - (by > 0 ? 1 : -1);
    int64_t length = 0;
    bool overflow = __builtin_sub_overflow(end.to<int64_t>(), start.to<int64_t>(), &length);
    overflow |= __builtin_add_overflow(length, rounding, &length);
    overflow |= by == -1 && length == std::numeric_limits<int64_t>::min();
    check(!overflow, "invalid size, possible overflow?");
    return length / by;
  }
  const double size = std::ceil((end.to<double>() - start.to<double>()) / step.to<double>());
  check(size >= 0 && size < static_cast<double>(std::numeric_limits<int64_t>::max()),
        "invalid size, possible overflow?");
  return static_cast<int64_t>(size);
}

void check_range(double start, double end, double step) {
  check(std::isfinite(step), "step must be finite but got ", step);
  check(step != 0, "step must be nonzero");
  check(std::isfinite(start) && std::isfinite(end), "unsupported range: ", start, " -> ", end);
  check((step > 0 && end >= start) || (step < 0 && end <= start),
        "upper bound and lower bound inconsistent with step sign");
}

// The dtype that PyTorch computes a range in.
void check_range_fits(std::initializer_list<Scalar> bounds, DType dtype) {
  const DType wide = !is_floating(dtype) ? DType::kInt64
                     : is_half(dtype)    ? DType::kFloat32
                                         : DType::kFloat64;
  for (Scalar bound : bounds) check_fits(bound, wide);
}

}  // namespace

Tensor empty(Span shape, const Options& options) { return finish(make(shape, options), options); }
Tensor zeros(Span shape, const Options& options) {
  return filled(make(shape, options), 0, options);
}
Tensor ones(Span shape, const Options& options) { return filled(make(shape, options), 1, options); }
Tensor full(Span shape, Scalar fill_value, const Options& options) {
  return filled(make(shape, options, fill_value.default_dtype()), fill_value, options);
}

Tensor empty_like(const Tensor& self, const Options& options) {
  const Options own = like(self, options);
  return finish(make_like(self, own), own);
}
Tensor full_like(const Tensor& self, Scalar fill_value, const Options& options) {
  const Options own = like(self, options);
  return filled(make_like(self, own), fill_value, own);
}
Tensor zeros_like(const Tensor& self, const Options& options) {
  return full_like(self, 0, options);
}
Tensor ones_like(const Tensor& self, const Options& options) { return full_like(self, 1, options); }

Tensor rand(Span shape, const Options& options) {
  return random(Distribution::kUniform, make(shape, options), options, kUniform);
}
Tensor randn(Span shape, const Options& options) {
  return random(Distribution::kNormal, make(shape, options), options, kNormal);
}
Tensor rand_like(const Tensor& self, const Options& options) {
  const Options own = like(self, options);
  return random(Distribution::kUniform, make_like(self, own), own, kUniform);
}
Tensor randn_like(const Tensor& self, const Options& options) {
  const Options own = like(self, options);
  return random(Distribution::kNormal, make_like(self, own), own, kNormal);
}

Tensor arange(Scalar start, Scalar end, Scalar step, const Options& options) {
  const bool integral = !start.is_floating() && !end.is_floating() && !step.is_floating();
  const DType dtype = options.dtype_or(integral ? DType::kInt64 : DType::kFloat32);
  check_as(Status::kNotImplemented, dtype != DType::kBool,
           "\"arange_cpu\" not implemented for 'Bool'");
  check_range(start.to<double>(), end.to<double>(), step.to<double>());
  check_range_fits({start, end, step}, dtype);
  const int64_t size = range_size(start, end, step, integral);
  Options own = options;
  own.dtype = dtype;
  Tensor result = make(Dims{size}, own);
  if (size > 0) run_kernel(result.device(), ArangeCall{dtype, result.data(), size, start, step});
  return finish(std::move(result), options);
}

Tensor eye(int64_t n, int64_t m, const Options& options) {
  check(n >= 0, "n must be greater or equal to 0, got ", n);
  check(m >= 0, "m must be greater or equal to 0, got ", m);
  Tensor result = make(Dims{n, m}, options);
  pointwise::fill(result, 0);
  if (result.numel() > 0) pointwise::fill(result.view(Dims{std::min(n, m)}, Dims{m + 1}, 0), 1);
  return finish(std::move(result), options);
}

}  // namespace libtensor::ops::compute
