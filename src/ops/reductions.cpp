// Operations that make many elements one.
#include "ops/generated/compute/reductions.h"
#include "core/calls/reduce.h"
#include "core/kernel_registry.h"
#include "core/warning.h"
#include "ops/checks.h"
#include "ops/generated/compute/copies.h"
#include "ops/generated/compute/creation.h"
#include "ops/generated/compute/views.h"
#include "ops/into.h"
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

Dims reduced_shape(const Dims& shape, uint64_t mask, bool keepdim) {
  if (keepdim) return kept_shape(shape, mask);
  Dims left;
  for (int i = 0; i < shape.size(); ++i) {
    if (!(mask >> i & 1)) left.push_back(shape[i]);
  }
  return left;
}

// A contiguous tensor in another shape of as many elements.
Tensor reshaped(const Tensor& tensor, const Dims& shape) {
  return tensor.view(shape, contiguous_strides(shape), tensor.offset());
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

ResultMeta reduced(const Tensor& self, Span dims, bool keepdim, DType dtype) {
  const uint64_t mask = dim_mask(dims, self.ndim());
  return {reduced_shape(self.shape(), mask, keepdim), dtype, self.device()};
}

void reduce_into(ReduceOp op, const Tensor& out, const Tensor& self, Span dims,
                 double correction = 0) {
  const uint64_t mask = dim_mask(dims, self.ndim());
  run(op, self, mask, reshaped(out, kept_shape(self.shape(), mask)), {}, correction);
}

Tensor reduce(ReduceOp op, const Tensor& self, Span dims, bool keepdim, DType dtype) {
  const Tensor out = make(reduced(self, dims, keepdim, dtype));
  reduce_into(op, out, self, dims);
  return out;
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

DType product_dtype(const Tensor& self, std::optional<DType> dtype) {
  check_recorded_dtype(self, dtype);
  return dtype.value_or(sum_dtype(self.dtype()));
}

// A sum or product of self converted to the dtype of `out`.
void fold_into(ReduceOp op, const Tensor& out, const Tensor& self, Span dims) {
  const DType dtype = out.dtype();
  if (sum_dtype(self.dtype()) == dtype) return reduce_into(op, out, self, dims);
  const Tensor converted = self.dtype() == dtype ? self : to_copy(self, dtype, self.device());
  const DType folded = sum_dtype(dtype);
  if (folded == dtype) return reduce_into(op, out, converted, dims);
  const Tensor wide = Tensor::empty(out.shape(), folded, out.device());
  reduce_into(op, wide, converted, dims);
  pointwise::copy(out, wide);
}

DType mean_dtype(DType dtype) {
  check_as(Status::kNotImplemented, is_floating(dtype),
           "mean(): could not infer output dtype. Input dtype must be either a floating point or "
           "complex dtype. Got: ",
           scalar_name_of(dtype));
  return dtype;
}

ResultMeta infer_extreme(const char* name, const Tensor& self) {
  check_not_empty(name, self, {});
  return reduced(self, {}, false, self.dtype());
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
  const Dims shape = reduced_shape(self.shape(), mask, keepdim);
  return {reshaped(values, shape), reshaped(indices, shape)};
}

void check_position_dtype(const char* name, const Tensor& self) {
  check_as(Status::kNotImplemented, self.dtype() != DType::kBool, name,
           "(): does not support bool input");
}

ResultMeta infer_position(const char* name, const Tensor& self) {
  check_as(Status::kIndexError, self.numel() > 0, name,
           "(): Expected reduction dim to be specified for input.numel() == 0.");
  check_position_dtype(name, self);
  return reduced(self, {}, false, DType::kInt64);
}

ResultMeta infer_position_dim(const char* name, const Tensor& self, int64_t dim, bool keepdim) {
  const Dims dims{wrap_dim(dim, self.ndim())};
  check_dim_not_empty(name, self, dim, dims[0]);
  check_position_dtype(name, self);
  return reduced(self, self.ndim() > 0 ? Span(dims) : Span(), keepdim, DType::kInt64);
}

void position_dim_into(ReduceOp op, const Tensor& out, const Tensor& self, int64_t dim) {
  const Dims dims{wrap_dim(dim, self.ndim())};
  reduce_into(op, out, self, self.ndim() > 0 ? Span(dims) : Span());
}

ResultMeta infer_spread(const char* name, const char* shown, const Tensor& self, Span dims,
                        double correction, bool keepdim) {
  check_as(Status::kNotImplemented, is_floating(self.dtype()), shown,
           " only support floating point and complex dtypes");
  const ResultMeta result = reduced(self, dims, keepdim, self.dtype());
  const int64_t outputs = numel_of(result.shape);
  if (static_cast<double>(self.numel() / std::max<int64_t>(outputs, 1)) <= correction) {
    warn(name,
         "(): degrees of freedom is <= 0. Correction should be strictly less than the reduction "
         "factor (input numel divided by output numel).");
  }
  return result;
}

std::tuple<Tensor, Tensor> spread_and_mean(ReduceOp op, const char* name, const Tensor& self,
                                           Span dims, double correction, bool keepdim) {
  const ResultMeta result = infer_spread(name, name, self, dims, correction, keepdim);
  const uint64_t mask = dim_mask(dims, self.ndim());
  const Dims kept = kept_shape(self.shape(), mask);
  const Tensor out = Tensor::empty(kept, result.dtype, result.device);
  const Tensor mean = Tensor::empty(kept, result.dtype, result.device);
  run(op, self, mask, out, mean, correction);
  return {reshaped(out, result.shape), reshaped(mean, result.shape)};
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

ResultMeta infer_sum(const Tensor& self) { return infer_sum_dim(self, {}, false); }
void sum_into(const Tensor& out, const Tensor& self) { sum_dim_into(out, self, {}, false); }
ResultMeta infer_sum_dim(const Tensor& self, Span dim, bool keepdim) {
  return reduced(self, dim, keepdim, sum_dtype(self.dtype()));
}
void sum_dim_into(const Tensor& out, const Tensor& self, Span dim, bool) {
  reduce_into(ReduceOp::kSum, out, self, dim);
}

ResultMeta infer_sum_as(const Tensor& self, Span dim, bool keepdim, DType dtype) {
  return reduced(self, dim, keepdim, dtype);
}
void sum_as_into(const Tensor& out, const Tensor& self, Span dim, bool, DType) {
  fold_into(ReduceOp::kSum, out, self, dim);
}

ResultMeta infer_prod(const Tensor& self, std::optional<DType> dtype) {
  return reduced(self, {}, false, product_dtype(self, dtype));
}
void prod_into(const Tensor& out, const Tensor& self, std::optional<DType>) {
  fold_into(ReduceOp::kProd, out, self, {});
}
ResultMeta infer_prod_dim(const Tensor& self, int64_t dim, bool keepdim,
                          std::optional<DType> dtype) {
  const Dims dims{wrap_dim(dim, self.ndim())};
  return reduced(self, self.ndim() > 0 ? Span(dims) : Span(), keepdim, product_dtype(self, dtype));
}
void prod_dim_into(const Tensor& out, const Tensor& self, int64_t dim, bool, std::optional<DType>) {
  const Dims dims{wrap_dim(dim, self.ndim())};
  fold_into(ReduceOp::kProd, out, self, self.ndim() > 0 ? Span(dims) : Span());
}

ResultMeta infer_mean(const Tensor& self) { return infer_mean_dim(self, {}, false); }
void mean_into(const Tensor& out, const Tensor& self) { mean_dim_into(out, self, {}, false); }
ResultMeta infer_mean_dim(const Tensor& self, Span dim, bool keepdim) {
  return infer_mean_as(self, dim, keepdim, self.dtype());
}
void mean_dim_into(const Tensor& out, const Tensor& self, Span dim, bool) {
  reduce_into(ReduceOp::kMean, out, self, dim);
}

ResultMeta infer_mean_as(const Tensor& self, Span dim, bool keepdim, DType dtype) {
  const DType checked = mean_dtype(dtype);
  return reduced(self, dim, keepdim, checked);
}
void mean_as_into(const Tensor& out, const Tensor& self, Span dim, bool, DType dtype) {
  reduce_into(ReduceOp::kMean, out,
              self.dtype() == dtype ? self : to_copy(self, dtype, self.device()), dim);
}

ResultMeta infer_var(const Tensor& self, Span dim, double correction, bool keepdim) {
  return infer_spread("var", "std and var", self, dim, correction, keepdim);
}
ResultMeta infer_std(const Tensor& self, Span dim, double correction, bool keepdim) {
  return infer_spread("std", "std and var", self, dim, correction, keepdim);
}
void var_into(const Tensor& out, const Tensor& self, Span dim, double correction, bool) {
  reduce_into(ReduceOp::kVar, out, self, dim, correction);
}
void std_into(const Tensor& out, const Tensor& self, Span dim, double correction, bool) {
  reduce_into(ReduceOp::kStd, out, self, dim, correction);
}
std::tuple<Tensor, Tensor> var_mean(const Tensor& self, Span dim, double correction, bool keepdim) {
  return spread_and_mean(ReduceOp::kVar, "var_mean", self, dim, correction, keepdim);
}
std::tuple<Tensor, Tensor> std_mean(const Tensor& self, Span dim, double correction, bool keepdim) {
  return spread_and_mean(ReduceOp::kStd, "std_mean", self, dim, correction, keepdim);
}

ResultMeta infer_max(const Tensor& self) { return infer_extreme("max", self); }
ResultMeta infer_min(const Tensor& self) { return infer_extreme("min", self); }
void max_into(const Tensor& out, const Tensor& self) { reduce_into(ReduceOp::kMax, out, self, {}); }
void min_into(const Tensor& out, const Tensor& self) { reduce_into(ReduceOp::kMin, out, self, {}); }
std::tuple<Tensor, Tensor> max_dim(const Tensor& self, int64_t dim, bool keepdim) {
  return extreme_dim(ReduceOp::kMaxIndex, "max", self, dim, keepdim);
}
std::tuple<Tensor, Tensor> min_dim(const Tensor& self, int64_t dim, bool keepdim) {
  return extreme_dim(ReduceOp::kMinIndex, "min", self, dim, keepdim);
}
ResultMeta infer_amax(const Tensor& self, Span dim, bool keepdim) {
  check_not_empty("amax", self, dim);
  return reduced(self, dim, keepdim, self.dtype());
}
void amax_into(const Tensor& out, const Tensor& self, Span dim, bool) {
  reduce_into(ReduceOp::kMax, out, self, dim);
}
ResultMeta infer_amin(const Tensor& self, Span dim, bool keepdim) {
  check_not_empty("amin", self, dim);
  return reduced(self, dim, keepdim, self.dtype());
}
void amin_into(const Tensor& out, const Tensor& self, Span dim, bool) {
  reduce_into(ReduceOp::kMin, out, self, dim);
}

ResultMeta infer_argmax(const Tensor& self) { return infer_position("argmax", self); }
void argmax_into(const Tensor& out, const Tensor& self) {
  reduce_into(ReduceOp::kArgMax, out, self, {});
}
ResultMeta infer_argmax_dim(const Tensor& self, int64_t dim, bool keepdim) {
  return infer_position_dim("argmax", self, dim, keepdim);
}
void argmax_dim_into(const Tensor& out, const Tensor& self, int64_t dim, bool) {
  position_dim_into(ReduceOp::kArgMax, out, self, dim);
}
ResultMeta infer_argmin(const Tensor& self) { return infer_position("argmin", self); }
void argmin_into(const Tensor& out, const Tensor& self) {
  reduce_into(ReduceOp::kArgMin, out, self, {});
}
ResultMeta infer_argmin_dim(const Tensor& self, int64_t dim, bool keepdim) {
  return infer_position_dim("argmin", self, dim, keepdim);
}
void argmin_dim_into(const Tensor& out, const Tensor& self, int64_t dim, bool) {
  position_dim_into(ReduceOp::kArgMin, out, self, dim);
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
