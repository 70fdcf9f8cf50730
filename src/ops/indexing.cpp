// Reading and writing at positions that another tensor names.
#include "ops/generated/compute/indexing.h"

#include <limits>

#include "core/calls/gather.h"
#include "core/calls/index.h"
#include "core/device_runtime.h"
#include "core/generated/functors/arithmetic.h"
#include "core/kernel_registry.h"
#include "ops/assign.h"
#include "ops/checks.h"
#include "ops/generated/compute/copies.h"
#include "ops/generated/compute/creation.h"
#include "ops/generated/compute/views.h"
#include "ops/pointwise.h"

namespace libtensor::ops::compute {
namespace {

// A 0-dim tensor as one of a single element.
Tensor at_least_1d(const Tensor& tensor) {
  return tensor.ndim() == 0 ? unsqueeze(tensor, 0) : tensor;
}

Tensor zeros_at(const Dims& shape, const Tensor& like) {
  Tensor result = Tensor::empty(shape, like.dtype(), like.device());
  pointwise::fill(result, 0);
  return result;
}

void check_index_vector(const char* name, const Tensor& index) {
  check_as(Status::kIndexError, index.ndim() <= 1, name, "(): Index is supposed to be a vector");
  check(index.dtype() == DType::kInt64 || index.dtype() == DType::kInt32, name,
        "(): Expected dtype int32 or int64 for index");
}

void check_positions(const char* name, const Tensor& index) {
  check(index.dtype() == DType::kInt64 || index.dtype() == DType::kInt32 || index.numel() == 0,
        name, "(): Expected dtype int32/int64 for index");
}

// Positions for a gather or scatter, as int64 and with at least one dim.
Tensor positions_of(const Tensor& index) {
  return at_least_1d(
      index.dtype() == DType::kInt64 ? index : to_copy(index, DType::kInt64, index.device()));
}

ResultMeta meta_of(const Tensor& tensor) {
  return {tensor.shape(), tensor.dtype(), tensor.device()};
}

template <class Call>
Call index_call(const Tensor& self, int dim, const Tensor& index, const Tensor& other) {
  Call call;
  call.at_once = checks_at_once();
  call.ndim = self.ndim();
  call.dim = dim;
  call.shape = other.shape().data();
  call.dim_size = self.shape()[dim];
  call.index_stride = index.ndim() == 0 ? 1 : index.strides()[0];
  call.self = {self.data(), self.dtype(), self.strides().data()};
  call.index = {index.data(), index.dtype(), nullptr};
  call.other = {other.data(), other.dtype(), other.strides().data()};
  return call;
}

void check_gather(const char* name, const Tensor& self, int dim, const Tensor& index,
                  const Tensor& limit) {
  if (index.numel() == 0) return;
  check(index.ndim() == self.ndim(), "Index tensor must have the same number of dimensions as ",
        name[0] == 'g' ? "input" : "self", " tensor");
  check(index.ndim() == limit.ndim(),
        "Index tensor must have the same number of dimensions as src tensor");
  for (int i = 0; i < index.ndim(); ++i) {
    const bool fits = i == dim || index.shape()[i] <= self.shape()[i];
    if (name[0] == 'g') {
      check(fits, "Size does not match at dimension ", i, " expected index ", index.shape(),
            " to be no larger than self ", self.shape(), " apart from dimension ", dim);
    } else {
      check(fits && index.shape()[i] <= limit.shape()[i], "Expected index ", index.shape(),
            " to be no larger than self ", self.shape(), " apart from dimension ", dim,
            " and to be no larger size than src ", limit.shape());
    }
  }
}

template <class Call>
Call gather_call(const Tensor& self, int dim, const Tensor& index, const Tensor& other) {
  Call call;
  call.at_once = checks_at_once();
  call.ndim = index.ndim();
  call.dim = dim;
  call.shape = index.shape().data();
  call.dim_size = self.shape()[dim];
  call.self = {self.data(), self.dtype(), self.strides().data()};
  call.index = {index.data(), index.dtype(), index.strides().data()};
  call.other = {other.data(), other.dtype(), other.strides().data()};
  return call;
}

void check_scatter(const char* name, const Tensor& self, int64_t dim, const Tensor& index,
                   const Tensor& src) {
  const int at = wrap_dim(dim, self.ndim());
  check(self.dtype() == src.dtype(), name, "(): Expected self.dtype to be equal to src.dtype");
  check_same_device(self, src);
  check_same_device(self, index);
  check_positions(name, index);
  check_gather(name, at_least_1d(self), at, at_least_1d(index), at_least_1d(src));
}

void start_from(const Tensor& self, const Tensor& out) {
  if (!out.is_same(self)) pointwise::copy(out, self);
}

void scatter_values(const Tensor& out, int64_t dim, const Tensor& index, const Tensor& src,
                    ScatterMode mode) {
  if (index.numel() == 0) return;
  const Tensor target = at_least_1d(out), positions = positions_of(index),
               source = at_least_1d(src);
  auto call = gather_call<ScatterCall>(target, wrap_dim(dim, out.ndim()), positions, source);
  call.mode = mode;
  run_kernel(out.device(), call);
}

// The number as a tensor of the shape of `index`.
Tensor number_for(const Tensor& index, Scalar number, const Tensor& like) {
  const Tensor one = Tensor::empty(Dims{1}, like.dtype(), like.device());
  pointwise::fill(one, number);
  Dims strides(index.ndim());
  for (int i = 0; i < strides.size(); ++i) strides[i] = 0;
  return one.view(index.shape(), strides, 0);
}

ScatterMode mode_of(ScatterReduction reduce) {
  switch (reduce) {
    case ScatterReduction::kProd:
      return ScatterMode::kMultiply;
    case ScatterReduction::kAmax:
      return ScatterMode::kMax;
    case ScatterReduction::kAmin:
      return ScatterMode::kMin;
    default:
      return ScatterMode::kAdd;
  }
}

// What changes no element that is combined with it.
Scalar identity_of(ScatterReduction reduce, DType dtype) {
  if (reduce == ScatterReduction::kProd) return 1;
  if (reduce != ScatterReduction::kAmax && reduce != ScatterReduction::kAmin) return 0;
  const bool least = reduce == ScatterReduction::kAmax;
  return dispatch(dtype, [&](auto tag) -> Scalar {
    using T = typename decltype(tag)::type;
    if constexpr (is_floating(dtype_of<T>)) {
      const double infinity = std::numeric_limits<double>::infinity();
      return least ? -infinity : infinity;
    } else {
      using Limits = std::numeric_limits<T>;
      return static_cast<int64_t>(least ? Limits::min() : Limits::max());
    }
  });
}

// Divides the sums in `out` by how many elements each is of.
void divide_by_counts(const Tensor& out, int64_t dim, const Tensor& index, bool include_self) {
  const Tensor counts = Tensor::empty(out.shape(), out.dtype(), out.device());
  pointwise::fill(counts, include_self ? 1 : 0);
  scatter_values(counts, dim, index, number_for(index, 1, out), ScatterMode::kAdd);
  pointwise::run_inplace(functor::kMaximum, Rule::kPromote, counts, {counts, Scalar(1)});
  const bool floating = is_floating(out.dtype());
  pointwise::run_inplace(floating ? functor::kDiv : functor::kDivFloor, Rule::kPromote, out,
                         {out, counts});
}

}  // namespace

ResultMeta infer_index_select(const Tensor& self, int64_t dim, const Tensor& index) {
  const int at = wrap_dim(dim, self.ndim());
  check_index_vector("index_select", index);
  check_same_device(self, index);
  check(self.ndim() > 0 || index.numel() == 1,
        "index_select(): Index to scalar can have only 1 value, got ", index.numel(), " value(s)");
  Dims shape = self.shape();
  if (self.ndim() > 0) shape[at] = index.numel();
  return {shape, self.dtype(), self.device()};
}

void index_select_into(const Tensor& out, const Tensor& self, int64_t dim, const Tensor& index) {
  if (out.numel() == 0) return;
  const Tensor source = at_least_1d(self), target = at_least_1d(out);
  const int at = wrap_dim(dim, self.ndim());
  run_kernel(self.device(), index_call<IndexSelectCall>(source, at, index, target));
}

ResultMeta infer_index_add(const Tensor& self, int64_t dim, const Tensor& index,
                           const Tensor& source) {
  const int at = wrap_dim(dim, self.ndim());
  check_index_vector("index_add", index);
  check(self.dtype() == source.dtype(), "index_add_(): self (", scalar_name_of(self.dtype()),
        ") and source (", scalar_name_of(source.dtype()), ") must have the same scalar type");
  check_same_device(self, index);
  check_same_device(self, source);
  Dims expected = at_least_1d(self).shape();
  const Dims added = at_least_1d(source).shape();
  const int64_t found = added.size() == expected.size() ? added[at] : 0;
  expected[at] = index.numel();
  check(added == expected, "index_add(): Number of indices (", index.numel(),
        ") should be equal to source.size(dim): (", found, "), for dim: ", at);
  return meta_of(self);
}

void index_add_into(const Tensor& out, const Tensor& self, int64_t dim, const Tensor& index,
                    const Tensor& source) {
  start_from(self, out);
  const Tensor target = at_least_1d(out), added = at_least_1d(source);
  const int at = wrap_dim(dim, self.ndim());
  if (added.numel() > 0)
    run_kernel(self.device(), index_call<IndexAddCall>(target, at, index, added));
}

ResultMeta infer_gather(const Tensor& self, int64_t dim, const Tensor& index) {
  const int at = wrap_dim(dim, self.ndim());
  check_same_device(self, index);
  check_positions("gather", index);
  const Tensor positions = at_least_1d(index);
  check_gather("gather", at_least_1d(self), at, positions, positions);
  return {index.shape(), self.dtype(), self.device()};
}

void gather_into(const Tensor& out, const Tensor& self, int64_t dim, const Tensor& index) {
  if (index.numel() == 0) return;
  const Tensor source = at_least_1d(self), positions = positions_of(index),
               target = at_least_1d(out);
  const int at = wrap_dim(dim, self.ndim());
  run_kernel(self.device(), gather_call<GatherCall>(source, at, positions, target));
}

ResultMeta infer_scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  check_scatter("scatter", self, dim, index, src);
  return meta_of(self);
}
void scatter_into(const Tensor& out, const Tensor& self, int64_t dim, const Tensor& index,
                  const Tensor& src) {
  start_from(self, out);
  scatter_values(out, dim, index, src, ScatterMode::kAssign);
}

ResultMeta infer_scatter_add(const Tensor& self, int64_t dim, const Tensor& index,
                             const Tensor& src) {
  check_scatter("scatter_add", self, dim, index, src);
  return meta_of(self);
}
void scatter_add_into(const Tensor& out, const Tensor& self, int64_t dim, const Tensor& index,
                      const Tensor& src) {
  start_from(self, out);
  scatter_values(out, dim, index, src, ScatterMode::kAdd);
}

ResultMeta infer_scatter_reduce(const Tensor& self, int64_t dim, const Tensor& index,
                                const Tensor& src, ScatterReduction reduce, bool) {
  check_scatter("scatter", self, dim, index, src);
  if (reduce == ScatterReduction::kMean && index.numel() > 0)
    check_not_bool(self.dtype(), "scatter_gather_tensor_cpu_reduce_mean");
  return meta_of(self);
}
void scatter_reduce_into(const Tensor& out, const Tensor& self, int64_t dim, const Tensor& index,
                         const Tensor& src, ScatterReduction reduce, bool include_self) {
  start_from(self, out);
  if (index.numel() == 0) return;
  if (!include_self) {
    const Tensor start = number_for(index, identity_of(reduce, self.dtype()), self);
    scatter_values(out, dim, index, start, ScatterMode::kAssign);
  }
  scatter_values(out, dim, index, src, mode_of(reduce));
  if (reduce == ScatterReduction::kMean) divide_by_counts(out, dim, index, include_self);
}

Tensor select_backward(const Tensor& grad_output, Span input_sizes, int64_t dim, int64_t index) {
  Tensor result = zeros_at(Dims(input_sizes), grad_output);
  pointwise::copy(select(result, dim, index), grad_output);
  return result;
}

Tensor slice_backward(const Tensor& grad_output, Span input_sizes, int64_t dim, int64_t start,
                      int64_t end, int64_t step) {
  Tensor result = zeros_at(Dims(input_sizes), grad_output);
  pointwise::copy(slice(result, dim, start, end, step), grad_output);
  return result;
}

}  // namespace libtensor::ops::compute

namespace libtensor::ops {

void check_positions_within(const Tensor& self, int64_t dim, const Tensor& index) {
  const int at = wrap_dim(dim, self.ndim());
  const bool integers = index.dtype() == DType::kInt64 || index.dtype() == DType::kInt32;
  const bool fits = index.device() == self.device() &&
                    compute::at_least_1d(index).ndim() == compute::at_least_1d(self).ndim();
  if (!integers || !fits || index.numel() == 0) return;
  const Tensor positions = compute::positions_of(index);
  run_kernel(self.device(), compute::gather_call<CheckIndexCall>(compute::at_least_1d(self), at,
                                                                 positions, positions));
}

}  // namespace libtensor::ops
