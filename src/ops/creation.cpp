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
#include "ops/into.h"
#include "ops/pointwise.h"

namespace libtensor::ops::compute {
namespace {

Options like(const Tensor& self, const Options& options) {
  return {options.dtype_or(self.dtype()), options.device_or(self.device()), options.requires_grad};
}

void check_may_require_grad(const Options& options, DType dtype) {
  check(!options.requires_grad || is_floating(dtype),
        "Only Tensors of floating point and complex dtype can require gradients");
}

ResultMeta infer_made(Span shape, const Options& options, DType default_dtype = DType::kFloat32) {
  const DType dtype = options.dtype_or(default_dtype);
  check_may_require_grad(options, dtype);
  return {Dims(shape), dtype, options.device_or(Device{})};
}

// A tensor like `self`, in its order of memory where that is dense.
Tensor make_like(const Tensor& self, const Options& options) {
  const DType dtype = options.dtype;
  check_may_require_grad(options, dtype);
  return Tensor::empty_strided(self.shape(), dense_strides_like(self.shape(), self.strides()),
                               dtype, options.device);
}

ResultMeta infer_random(Span shape, const Options& options, const char* name) {
  ResultMeta result = infer_made(shape, options);
  check_floating(result.dtype, name);
  return result;
}

void draw(Distribution distribution, const Tensor& tensor) {
  if (tensor.numel() == 0) return;
  RandomCall call{distribution,  tensor.dtype(),         tensor.numel(),
                  tensor.data(), tensor.is_contiguous(), &runtime_for(tensor.device()).generator()};
  run_kernel(tensor.device(), call);
}

Tensor random_like(Distribution distribution, const Tensor& self, const Options& options,
                   const char* name) {
  const Options own = like(self, options);
  Tensor result = make_like(self, own);
  check_floating(result.dtype(), name);
  draw(distribution, result);
  return finished(std::move(result), own);
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

ResultMeta infer_empty(Span shape, const Options& options) { return infer_made(shape, options); }
void empty_into(const Tensor&, Span, const Options&) {}
ResultMeta infer_zeros(Span shape, const Options& options) { return infer_made(shape, options); }
void zeros_into(const Tensor& out, Span, const Options&) { pointwise::fill(out, 0); }
ResultMeta infer_ones(Span shape, const Options& options) { return infer_made(shape, options); }
void ones_into(const Tensor& out, Span, const Options&) { pointwise::fill(out, 1); }
ResultMeta infer_full(Span shape, Scalar fill_value, const Options& options) {
  return infer_made(shape, options, fill_value.default_dtype());
}
void full_into(const Tensor& out, Span, Scalar fill_value, const Options&) {
  check_fill(fill_value, out);
  pointwise::fill(out, fill_value);
}

Tensor empty_like(const Tensor& self, const Options& options) {
  const Options own = like(self, options);
  return finished(make_like(self, own), own);
}
Tensor full_like(const Tensor& self, Scalar fill_value, const Options& options) {
  const Options own = like(self, options);
  Tensor result = make_like(self, own);
  check_fill(fill_value, result);
  pointwise::fill(result, fill_value);
  return finished(std::move(result), own);
}
Tensor zeros_like(const Tensor& self, const Options& options) {
  return full_like(self, 0, options);
}
Tensor ones_like(const Tensor& self, const Options& options) { return full_like(self, 1, options); }

ResultMeta infer_rand(Span shape, const Options& options) {
  return infer_random(shape, options, kUniform);
}
void rand_into(const Tensor& out, Span, const Options&) { draw(Distribution::kUniform, out); }
ResultMeta infer_randn(Span shape, const Options& options) {
  return infer_random(shape, options, kNormal);
}
void randn_into(const Tensor& out, Span, const Options&) { draw(Distribution::kNormal, out); }
Tensor rand_like(const Tensor& self, const Options& options) {
  return random_like(Distribution::kUniform, self, options, kUniform);
}
Tensor randn_like(const Tensor& self, const Options& options) {
  return random_like(Distribution::kNormal, self, options, kNormal);
}

Tensor arange(Scalar start, Scalar end, Scalar step, const Options& options) {
  const bool integral = !start.is_floating() && !end.is_floating() && !step.is_floating();
  const DType dtype = options.dtype_or(integral ? DType::kInt64 : DType::kFloat32);
  check_not_bool(dtype, "arange_cpu");
  check_range(start.to<double>(), end.to<double>(), step.to<double>());
  check_range_fits({start, end, step}, dtype);
  const int64_t size = range_size(start, end, step, integral);
  Options own = options;
  own.dtype = dtype;
  Tensor result = make(infer_made(Dims{size}, own));
  if (size > 0) run_kernel(result.device(), ArangeCall{dtype, result.data(), size, start, step});
  return finished(std::move(result), options);
}

ResultMeta infer_eye(int64_t n, int64_t m, const Options& options) {
  check(n >= 0, "n must be greater or equal to 0, got ", n);
  check(m >= 0, "m must be greater or equal to 0, got ", m);
  return infer_made(Dims{n, m}, options);
}
void eye_into(const Tensor& out, int64_t n, int64_t m, const Options&) {
  pointwise::fill(out, 0);
  if (out.numel() > 0)
    pointwise::fill(out.view(Dims{std::min(n, m)}, Dims{m + 1}, out.offset()), 1);
}

}  // namespace libtensor::ops::compute
