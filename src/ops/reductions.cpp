// Operations that make many elements one.
#include "ops/generated/compute/reductions.h"
#include "core/calls/reduce.h"
#include "core/kernel_registry.h"
#include "core/warning.h"
#include "ops/generated/compute/copies.h"
#include "ops/generated/compute/creation.h"
#include "ops/generated/compute/views.h"
#include "ops/pointwise.h"

namespace libtensor::ops::compute {
namespace {

Dims kept_shape(const Dims& shape, uint64_t mask) {  // with size 1 in the reduced dims
  Dims kept = shape;
  for (int i = 0; i < kept.size(); ++i) {
    if (mask >> i & 1) kept[i] = 1;
  }
  return kept;
}

Tensor drop_dims(const Tensor& kept, uint64_t mask, bool keepdim) {
  if (keepdim) return kept;
  Dims shape;
  for (int i = 0; i < kept.ndim(); ++i) {
    if (!(mask >> i & 1)) shape.push_back(kept.shape()[i]);
  }
  return kept.view(shape, contiguous_strides(shape), 0);
}

// `out` and `second` have the input's rank, with size 1 in the reduced dims.
void run(ReduceOp op, const Tensor& self, uint64_t mask, const Tensor& out,
         const Tensor& second = {}, double correction = 0) {
  if (out.numel() == 0) return;
  const Dims out_strides =
      broadcast_strides(out.shape(), out.strides(), out.shape());  // 0 where the size is 1
  ReduceCall call;
  call.op = op;
  call.ndim = self.ndim();
  call.shape = self.shape().data();
  call.reduced = mask;
  call.in = {self.data(), self.dtype(), self.strides().data()};
  call.out = {out.data(), out.dtype(), out_strides.data()};
  if (second.defined()) call.second = {second.data(), second.dtype(), out_strides.data()};
  call.correction = correction;
  run_kernel(self.device(), call);
}

Tensor reduce(ReduceOp op, const Tensor& self, Span dims, bool keepdim, DType dtype) {
  const uint64_t mask = dim_mask(dims, self.ndim());
  const Tensor out = Tensor::empty(kept_shape(self.shape(), mask), dtype, self.device());
  run(op, self, mask, out);
  return drop_dims(out, mask, keepdim);
}

void check_dim_not_empty(const char* name, const Tensor& self, int64_t dim, int64_t shown) {
  check_as(Status::kIndexError, self.ndim() == 0 || self.size(dim) > 0, name,
           "(): Expected reduction dim ", shown, " to have non-zero size.");
}

// The extremes over `dims`, or over everything, of a tensor that may have no elements.
void check_not_empty(const char* name, const Tensor& self, Span dims) {
  if (self.numel() > 0) return;
  check(!dims.empty(), name,
        "(): Expected reduction dim to be specified for input.numel() == 0. Specify the ",
        "reduction dim with the 'dim' argument.");
  for (int64_t dim : dims) check_dim_not_empty(name, self, dim, dim);
}

DType sum_dtype(DType dtype) { return is_floating(dtype) ? dtype : DType::kInt64; }

DType mean_dtype(DType dtype) {
  check_as(Status::kNotImplemented, is_floating(dtype),
           "mean(): could not infer output dtype. Input dtype must be either a floating point or "
           "complex dtype. Got: ",
           scalar_name_of(dtype));
  return dtype;
}

Tensor extreme(ReduceOp op, const char* name, const Tensor& self) {
  check(self.numel() > 0, name,
        "(): Expected reduction dim to be specified for input.numel() == 0. Specify the ",
        "reduction dim with the 'dim' argument.");
  return reduce(op, self, {}, false, self.dtype());
}

std::tuple<Tensor, Tensor> extreme_dim(ReduceOp op, const char* name, const Tensor& self,
                                       int64_t dim, bool keepdim) {
  const Dims dims{wrap_dim(dim, self.ndim())};
  check_dim_not_empty(name, self, dim, dims[0]);
  const uint64_t mask = dim_mask(dims, std::max(self.ndim(), 1));
  const Dims kept = kept_shape(self.shape(), mask);
  const Tensor values = Tensor::empty(kept, self.dtype(), self.device());
  const Tensor indices = Tensor::empty(kept, DType::kInt64, self.device());
  run(op, self, self.ndim() > 0 ? mask : 0, values, indices);
  return {drop_dims(values, mask, keepdim), drop_dims(indices, mask, keepdim)};
}

void check_position_dtype(const char* name, const Tensor& self) {
  check_as(Status::kNotImplemented, self.dtype() != DType::kBool, name,
           "(): does not support bool input");
}

Tensor position(ReduceOp op, const char* name, const Tensor& self) {
  check_as(Status::kIndexError, self.numel() > 0, name,
           "(): Expected reduction dim to be specified for input.numel() == 0.");
  check_position_dtype(name, self);
  return reduce(op, self, {}, false, DType::kInt64);
}

Tensor position_dim(ReduceOp op, const char* name, const Tensor& self, int64_t dim, bool keepdim) {
  const Dims dims{wrap_dim(dim, self.ndim())};
  check_dim_not_empty(name, self, dim, dims[0]);
  check_position_dtype(name, self);
  return reduce(op, self, self.ndim() > 0 ? Span(dims) : Span(), keepdim, DType::kInt64);
}

// Variances or deviations, and with `with_mean` the means.
std::tuple<Tensor, Tensor> spread(ReduceOp op, const char* name, const char* shown,
                                  const Tensor& self, Span dims, double correction, bool keepdim,
                                  bool with_mean) {
  check_as(Status::kNotImplemented, is_floating(self.dtype()), shown,
           " only support floating point and complex dtypes");
  const uint64_t mask = dim_mask(dims, self.ndim());
  const Tensor out = Tensor::empty(kept_shape(self.shape(), mask), self.dtype(), self.device());
  const int64_t count = self.numel() / std::max<int64_t>(out.numel(), 1);
  if (static_cast<double>(count) <= correction) {
    warn(name,
         "(): degrees of freedom is <= 0. Correction should be strictly less than the reduction "
         "factor (input numel divided by output numel).");
  }
  const Tensor mean =
      with_mean ? Tensor::empty(out.shape(), self.dtype(), self.device()) : Tensor();
  run(op, self, mask, out, mean, correction);
  return {drop_dims(out, mask, keepdim), with_mean ? drop_dims(mean, mask, keepdim) : mean};
}

// bool, but uint8 for uint8.
Tensor truth_like(const Tensor& self, const Tensor& truth) {
  return self.dtype() == DType::kUInt8 ? to_copy(truth, DType::kUInt8, self.device()) : truth;
}

Tensor truth(ReduceOp op, const Tensor& self, Span dims, bool keepdim) {
  return truth_like(self, reduce(op, self, dims, keepdim, DType::kBool));
}

// An empty list of dims, as against none at all, reduces nothing: each element is asked alone.
Tensor truth_dims(ReduceOp op, const Tensor& self, Span dims, bool keepdim) {
  if (!dims.empty() || !dims.data()) return truth(op, self, dims, keepdim);
  return truth_like(self, to_copy(self, DType::kBool, self.device()));
}

}  // namespace

Tensor sum(const Tensor& self) {
  return reduce(ReduceOp::kSum, self, {}, false, sum_dtype(self.dtype()));
}
Tensor sum_dim(const Tensor& self, Span dim, bool keepdim) {
  return reduce(ReduceOp::kSum, self, dim, keepdim, sum_dtype(self.dtype()));
}
Tensor sum_as(const Tensor& self, Span dim, bool keepdim, DType dtype) {
  const Tensor converted = self.dtype() == dtype ? self : to_copy(self, dtype, self.device());
  const Tensor result = sum_dim(converted, dim, keepdim);
  return result.dtype() == dtype ? result : to_copy(result, dtype, self.device());
}
Tensor mean_as(const Tensor& self, Span dim, bool keepdim, DType dtype) {
  mean_dtype(dtype);
  return mean_dim(self.dtype() == dtype ? self : to_copy(self, dtype, self.device()), dim, keepdim);
}
Tensor mean(const Tensor& self) {
  return reduce(ReduceOp::kMean, self, {}, false, mean_dtype(self.dtype()));
}
Tensor mean_dim(const Tensor& self, Span dim, bool keepdim) {
  return reduce(ReduceOp::kMean, self, dim, keepdim, mean_dtype(self.dtype()));
}

Tensor var(const Tensor& self, Span dim, double correction, bool keepdim) {
  return std::get<0>(
      spread(ReduceOp::kVar, "var", "std and var", self, dim, correction, keepdim, false));
}
Tensor std(const Tensor& self, Span dim, double correction, bool keepdim) {
  return std::get<0>(
      spread(ReduceOp::kStd, "std", "std and var", self, dim, correction, keepdim, false));
}
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, Span dim, double correction, bool keepdim) {
  return spread(ReduceOp::kVar, "var_mean", "var_mean", self, dim, correction, keepdim, true);
}
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, Span dim, double correction, bool keepdim) {
  return spread(ReduceOp::kStd, "std_mean", "std_mean", self, dim, correction, keepdim, true);
}

Tensor max(const Tensor& self) { return extreme(ReduceOp::kMax, "max", self); }
Tensor min(const Tensor& self) { return extreme(ReduceOp::kMin, "min", self); }
std::tuple<Tensor, Tensor> max_dim(const Tensor& self, int64_t dim, bool keepdim) {
  return extreme_dim(ReduceOp::kMaxIndex, "max", self, dim, keepdim);
}
std::tuple<Tensor, Tensor> min_dim(const Tensor& self, int64_t dim, bool keepdim) {
  return extreme_dim(ReduceOp::kMinIndex, "min", self, dim, keepdim);
}
Tensor amax(const Tensor& self, Span dim, bool keepdim) {
  check_not_empty("amax", self, dim);
  return reduce(ReduceOp::kMax, self, dim, keepdim, self.dtype());
}
Tensor amin(const Tensor& self, Span dim, bool keepdim) {
  check_not_empty("amin", self, dim);
  return reduce(ReduceOp::kMin, self, dim, keepdim, self.dtype());
}

Tensor argmax(const Tensor& self) { return position(ReduceOp::kArgMax, "argmax", self); }
Tensor argmin(const Tensor& self) { return position(ReduceOp::kArgMin, "argmin", self); }
Tensor argmax_dim(const Tensor& self, int64_t dim, bool keepdim) {
  return position_dim(ReduceOp::kArgMax, "argmax", self, dim, keepdim);
}
Tensor argmin_dim(const Tensor& self, int64_t dim, bool keepdim) {
  return position_dim(ReduceOp::kArgMin, "argmin", self, dim, keepdim);
}

Tensor any(const Tensor& self) { return truth(ReduceOp::kAny, self, {}, false); }
Tensor all(const Tensor& self) { return truth(ReduceOp::kAll, self, {}, false); }
Tensor any_dim(const Tensor& self, Span dim, bool keepdim) {
  return truth_dims(ReduceOp::kAny, self, dim, keepdim);
}
Tensor all_dim(const Tensor& self, Span dim, bool keepdim) {
  return truth_dims(ReduceOp::kAll, self, dim, keepdim);
}

}  // namespace libtensor::ops::compute
