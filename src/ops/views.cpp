// Operations whose result shares its input's memory.
#include "ops/generated/compute/views.h"
#include "ops/checks.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/creation.h"
#include "ops/generated/functions/reductions.h"
#include "ops/generated/functions/views.h"

namespace libtensor::ops {
namespace compute {

Tensor view(const Tensor& self, Span shape) {
  const Dims target = infer_size(shape, self.numel());
  const auto strides = view_strides(self.shape(), self.strides(), target);
  check(strides.has_value(),
        "view size is not compatible with input tensor's size and stride (at least one dimension "
        "spans across two "
        "contiguous subspaces). Use .reshape(...) instead.");
  return self.view(target, *strides, self.offset());
}

Tensor unsafe_view(const Tensor& self, Span shape) { return view(self, shape); }
Tensor reshape_alias(const Tensor& self, Span shape) { return view(self, shape); }
Tensor alias(const Tensor& self) { return self.alias(); }

Tensor transpose(const Tensor& self, int64_t dim0, int64_t dim1) {
  const int a = wrap_dim(dim0, self.ndim()), b = wrap_dim(dim1, self.ndim());
  if (self.ndim() == 0) return self.alias();
  Dims shape = self.shape(), strides = self.strides();
  std::swap(shape[a], shape[b]);
  std::swap(strides[a], strides[b]);
  return self.view(shape, strides, self.offset());
}

Tensor permute(const Tensor& self, Span dims) {
  check(static_cast<int>(dims.size()) == self.ndim(),
        "permute(sparse_coo): number of dimensions in the tensor input does not match the length "
        "of the desired ordering "
        "of dimensions i.e. input.dim() = ",
        self.ndim(), " is not equal to len(dims) = ", dims.size());
  Dims shape(self.ndim()), strides(self.ndim());
  uint64_t seen = 0;
  for (int i = 0; i < self.ndim(); ++i) {
    const int dim = wrap_dim(dims[i], self.ndim());
    check(!(seen >> dim & 1), "permute(): duplicate dims are not allowed.");
    seen |= uint64_t{1} << dim;
    shape[i] = self.shape()[dim];
    strides[i] = self.strides()[dim];
  }
  return self.view(shape, strides, self.offset());
}

Tensor transpose_2d(const Tensor& self) {
  check(self.ndim() <= 2, "t() expects a tensor with <= 2 dimensions, but self is ", self.ndim(),
        "D");
  return self.ndim() < 2 ? self.alias() : transpose(self, 0, 1);
}

namespace {

Tensor squeeze_mask(const Tensor& self, uint64_t mask) {
  Dims shape, strides;
  for (int i = 0; i < self.ndim(); ++i) {
    if ((mask >> i & 1) && self.shape()[i] == 1) continue;
    shape.push_back(self.shape()[i]);
    strides.push_back(self.strides()[i]);
  }
  return self.view(shape, strides, self.offset());
}

}  // namespace

Tensor squeeze(const Tensor& self) { return squeeze_mask(self, ~uint64_t{0}); }

Tensor squeeze_dim(const Tensor& self, int64_t dim) {
  return squeeze_mask(self, uint64_t{1} << wrap_dim(dim, self.ndim()));
}

Tensor squeeze_dims(const Tensor& self, Span dim) {
  return squeeze_mask(self, dim.empty() ? 0 : dim_mask(dim, self.ndim()));
}

Tensor unsqueeze(const Tensor& self, int64_t dim) {
  const int at = wrap_dim(dim, self.ndim() + 1);
  Dims shape = self.shape(), strides = self.strides();
  strides.insert(at, at < self.ndim() ? outer_stride(shape[at], strides[at]) : 1);
  shape.insert(at, 1);
  return self.view(shape, strides, self.offset());
}

namespace {

// 0 where a dim is repeated; a new dim of size 1 gets the stride that a contiguous one would have.
Dims expanded_strides(const Tensor& self, const Dims& shape) {
  const int lead = shape.size() - self.ndim();
  if (self.ndim() == 0) return Dims(shape.size(), 0);
  Dims strides(shape.size());
  for (int i = shape.size() - 1; i >= 0; --i) {
    const bool is_new = i < lead;
    const int64_t size = is_new ? 1 : self.shape()[i - lead];
    const int64_t kept = !is_new                ? self.strides()[i - lead]
                         : i + 1 < shape.size() ? outer_stride(shape[i + 1], strides[i + 1])
                                                : 1;
    strides[i] = size == shape[i] ? kept : 0;
  }
  return strides;
}

}  // namespace

Tensor expand(const Tensor& self, Span size) {
  const int ndim = static_cast<int>(size.size()), lead = ndim - self.ndim();
  check(lead >= 0, "expand(torch.", scalar_name_of(self.dtype()), "Tensor{", self.shape(),
        "}, size=", Dims(size), "): the number of sizes provided (", ndim,
        ") must be greater or equal to the number of dimensions in the tensor (", self.ndim(), ")");
  check_rank(size.size());
  Dims shape(size);
  for (int i = ndim - 1; i >= 0; --i) {
    const int64_t own = i >= lead ? self.shape()[i - lead] : 1;
    if (shape[i] == -1) {
      check(i >= lead,
            "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing "
            "dimension ",
            i);
      shape[i] = own;
    }
    check(own == 1 || own == shape[i], "The expanded size of the tensor (", shape[i],
          ") must match the existing size (", own, ") at non-singleton dimension ", i,
          ".  Target sizes: ", Dims(size), ".  Tensor sizes: ", self.shape());
    check(shape[i] >= 0, "The expanded size of the tensor (", shape[i],
          ") isn't allowed: it must be >= 0");
  }
  checked_numel(shape, size_of(self.dtype()));
  return self.view(shape, expanded_strides(self, shape), self.offset());
}

Tensor select(const Tensor& self, int64_t dim, int64_t index) {
  check_as(Status::kIndexError, self.ndim() > 0, "select() cannot be applied to a 0-dim tensor.");
  const int at = wrap_dim(dim, self.ndim());
  const int64_t size = self.shape()[at];
  check_as(Status::kIndexError, index >= -size && index < size, "select(): index ", index,
           " out of range for tensor of size ", self.shape(), " at dimension ", at);
  Dims shape = self.shape(), strides = self.strides();
  const int64_t offset = moved_offset(self.offset(), index < 0 ? index + size : index, strides[at]);
  shape.erase(at);
  strides.erase(at);
  return self.view(shape, strides, offset);
}

Tensor slice(const Tensor& self, int64_t dim, int64_t start, int64_t end, int64_t step) {
  check_as(Status::kIndexError, self.ndim() > 0, "slice() cannot be applied to a 0-dim tensor.");
  check_as(Status::kValueError, step > 0, "slice step must be positive");
  const int at = wrap_dim(dim, self.ndim());
  const int64_t size = self.shape()[at];
  const auto bound = [size](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? value + size : value, 0, size);
  };
  const int64_t first = bound(start), last = std::max(bound(end), first);
  Dims shape = self.shape(), strides = self.strides();
  const int64_t offset = moved_offset(self.offset(), first, strides[at]);
  shape[at] = (last - first) / step + ((last - first) % step != 0);
  if (__builtin_mul_overflow(strides[at], step, &strides[at]))
    strides[at] = 0;  // then shape[at] <= 1
  return self.view(shape, strides, offset);
}

Tensor as_strided(const Tensor& self, Span size, Span stride, int64_t storage_offset) {
  return self.view(size, stride, storage_offset);
}

}  // namespace compute

Tensor reshape(const Tensor& self, Span shape) {
  const Dims target = infer_size(shape, self.numel());
  if (self.is_contiguous()) return view(self, target);
  if (view_strides(self.shape(), self.strides(), target)) return reshape_alias(self, target);
  return unsafe_view(contiguous_copy(self), target);
}

Tensor flatten(const Tensor& self, int64_t start_dim, int64_t end_dim) {
  const int first = wrap_dim(start_dim, self.ndim()), last = wrap_dim(end_dim, self.ndim());
  check(first <= last, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (self.ndim() == 0) return reshape(self, Dims{1});
  if (first == last) return self;
  const Span sizes = self.shape();
  Dims shape(sizes.first(first));
  shape.push_back(checked_product(sizes.subspan(first, last - first + 1)));
  for (int64_t size : sizes.subspan(last + 1)) shape.push_back(size);
  return reshape(self, shape);
}

Tensor narrow(const Tensor& self, int64_t dim, int64_t start, int64_t length) {
  check(self.ndim() > 0, "narrow() cannot be applied to a 0-dim tensor.");
  check(length >= 0, "narrow(): length must be non-negative.");
  const int64_t size = self.size(dim);
  check_as(Status::kIndexError, start >= -size && start <= size,
           "start out of range (expected to be in range of [", -size, ", ", size, "], but got ",
           start, ")");
  if (start < 0) start += size;
  check(start <= size - length, "start (", start, ") + length (", length,
        ") exceeds dimension size (", size, ").");
  return slice(self, dim, start, start + length, 1);
}

}  // namespace libtensor::ops
