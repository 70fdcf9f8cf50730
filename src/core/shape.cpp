#include "core/shape.h"

#include <limits>
#include <numeric>

#include "core/checked.h"

namespace libtensor {

std::ostream& operator<<(std::ostream& out, const Dims& dims) {
  out << '[';
  for (int i = 0; i < dims.size(); ++i) out << (i ? ", " : "") << dims[i];
  return out << ']';
}

void check_sizes(Span shape) {
  check_rank(shape.size());
  for (int64_t size : shape) {
    if (size < 0) [[unlikely]]
      fail(Status::kInvalidArgument, "Trying to create tensor with negative dimension ", size, ": ",
           Dims(shape));
  }
}

int64_t checked_numel(Span shape, size_t item_size) {
  check_sizes(shape);
  Checked numel = 1;
  for (int64_t size : shape) numel *= size;
  if (!(numel * static_cast<int64_t>(item_size)).fits()) [[unlikely]]
    fail(Status::kInvalidArgument, "Storage size calculation overflowed with sizes=", Dims(shape));
  return numel.value();
}

int64_t checked_product(Span sizes) {
  Checked product = 1;
  for (int64_t size : sizes) product *= size;
  check(product.fits(), "numel: integer multiplication overflow");
  return product.value();
}

int64_t outer_stride(int64_t size, int64_t stride) {
  const Checked outer = Checked(size) * stride;
  check(outer.fits(), "Stride calculation overflowed");
  return outer.value();
}

int64_t moved_offset(int64_t offset, int64_t index, int64_t stride) {
  const Checked moved = offset + Checked(index) * stride;
  check(moved.fits(), "Storage offset calculation overflowed: ", offset, " + ", index, " * ",
        stride);
  return moved.value();
}

void check_within(Span shape, Span strides, int64_t offset, size_t item_size, size_t bytes) {
  Checked end = offset;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0) return;
    end += Checked(shape[i] - 1) * strides[i];
  }
  end = (end + 1) * static_cast<int64_t>(item_size);
  if (!end.fits()) [[unlikely]]
    fail(Status::kInvalidArgument, "Storage size calculation overflowed with sizes=", Dims(shape),
         " and strides=", Dims(strides));
  if (static_cast<uint64_t>(end.value()) > bytes) [[unlikely]]
    fail(Status::kInvalidArgument, "setStorage: sizes ", Dims(shape), ", strides ", Dims(strides),
         ", storage offset ", offset, ", and itemsize ", item_size, " requiring a storage size of ",
         end.value(), " are out of bounds for storage of size ", bytes);
}

Dims contiguous_strides(Span shape) {
  const int ndim = static_cast<int>(shape.size());
  Dims strides(ndim);
  int64_t stride = 1;
  for (int i = ndim - 1; i >= 0; --i) {
    strides[i] = stride;
    if (i > 0) stride = outer_stride(std::max<int64_t>(shape[i], 1), stride);
  }
  return strides;
}

bool is_contiguous(Span shape, Span strides) {
  uint64_t expected = 1;  // wraps around only beside a 0
  bool in_order = true;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 0) return true;
    if (shape[i] != 1) {
      in_order = in_order && static_cast<uint64_t>(strides[i]) == expected;
      expected *= static_cast<uint64_t>(shape[i]);
    }
  }
  return in_order;
}

namespace {

// Dims longer than 1, by ascending stride.
Dims dims_by_stride(Span shape, Span strides) {
  Dims order;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 1) order.push_back(static_cast<int64_t>(i));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return strides[a] < strides[b]; });
  return order;
}

}  // namespace

bool is_non_overlapping(Span shape, Span strides) {
  if (numel_of(shape) <= 1) return true;
  int64_t covered = 0;  // the last element reached by the dims so far
  for (int64_t dim : dims_by_stride(shape, strides)) {
    if (strides[dim] <= covered) return false;
    covered += (shape[dim] - 1) * strides[dim];
  }
  return true;
}

bool is_dense(Span shape, Span strides) {
  if (numel_of(shape) <= 1) return true;
  int64_t expected = 1;
  for (int64_t dim : dims_by_stride(shape, strides)) {
    if (strides[dim] != expected) return false;
    expected *= shape[dim];
  }
  return true;
}

Dims dense_strides_like(Span shape, Span strides) {
  if (is_dense(shape, strides)) return Dims(strides);
  const Dims order = dims_innermost_first(static_cast<int>(shape.size()), [&](int a, int b) {
    return compare_strides(shape, strides[a], strides[b], a, b);
  });
  return packed_strides(shape, order);
}

Dims packed_strides(Span shape, const Dims& order) {
  Dims strides(order.size());
  int64_t stride = 1;
  for (int64_t dim : order) {
    strides[static_cast<int>(dim)] = stride;
    stride = wrapping_product(stride, shape[dim]);
  }
  return strides;
}

int64_t reach(Span shape, Span strides) {
  if (numel_of(shape) == 0) return -1;
  int64_t last = 0;
  for (size_t i = 0; i < shape.size(); ++i) last += (shape[i] - 1) * strides[i];
  return last;
}

int wrap_dim(int64_t dim, int ndim) {
  const int64_t range = std::max(ndim, 1);
  check_as(Status::kIndexError, dim >= -range && dim < range,
           "Dimension out of range (expected to be in range of [", -range, ", ", range - 1,
           "], but got ", dim, ")");
  return static_cast<int>(dim < 0 ? dim + range : dim);
}

uint64_t dim_mask(Span dims, int ndim) {
  if (dims.empty()) return ndim == 64 ? ~uint64_t{0} : (uint64_t{1} << ndim) - 1;
  uint64_t mask = 0;
  for (int64_t dim : dims) {
    const uint64_t bit = uint64_t{1} << wrap_dim(dim, ndim);
    check(!(mask & bit), "dim ", wrap_dim(dim, ndim),
          " appears multiple times in the list of dims");
    mask |= bit;
  }
  return mask;
}

Dims broadcast_shapes(Span a, Span b) {
  const int na = static_cast<int>(a.size()), nb = static_cast<int>(b.size());
  const int ndim = std::max(na, nb);
  Dims shape(ndim);
  for (int i = ndim - 1, ia = na - 1, ib = nb - 1; i >= 0; --i, --ia, --ib) {
    const int64_t size_a = ia >= 0 ? a[ia] : 1, size_b = ib >= 0 ? b[ib] : 1;
    check(size_a == size_b || size_a == 1 || size_b == 1, "The size of tensor a (", size_a,
          ") must match the size of tensor b (", size_b, ") at non-singleton dimension ", i);
    shape[i] = size_a == 1 ? size_b : size_a;
  }
  return shape;
}

bool is_expandable_to(Span shape, Span target) {
  if (shape.size() > target.size()) return false;
  const size_t lead = target.size() - shape.size();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != target[lead + i] && shape[i] != 1) return false;
  }
  return true;
}

Dims broadcast_strides(Span shape, Span strides, Span target) {
  const int lead = static_cast<int>(target.size() - shape.size());
  Dims result(static_cast<int>(target.size()), 0);
  for (int i = 0; i < static_cast<int>(shape.size()); ++i) {
    if (shape[i] == target[lead + i] && shape[i] != 1) result[lead + i] = strides[i];
  }
  return result;
}

Dims infer_size(Span shape, int64_t numel) {
  check_rank(shape.size());
  Dims result(shape);
  Checked known = 1;
  int unknown = -1;
  for (int i = 0; i < result.size(); ++i) {
    if (result[i] == -1) {
      check(unknown < 0, "only one dimension can be inferred");
      unknown = i;
    } else {
      check(result[i] >= 0, "invalid shape dimension ", result[i], " at index ", i, " of shape ",
            result);
      known *= result[i];
    }
  }
  const int64_t divisor = known.value();
  const bool fits = known.fits() && (unknown < 0    ? divisor == numel
                                     : divisor == 0 ? numel == 0
                                                    : numel % divisor == 0);
  check(fits, "shape '", result, "' is invalid for input of size ", numel);
  if (unknown >= 0) {
    check(divisor != 0, "cannot reshape tensor of 0 elements into shape ", result,
          " because the unspecified dimension size -1 can be any value and is ambiguous");
    result[unknown] = numel / divisor;
  }
  return result;
}

std::optional<Dims> view_strides(Span shape, Span strides, Span target) {
  const int ndim = static_cast<int>(shape.size());
  Dims result(static_cast<int>(target.size()));
  if (numel_of(shape) == 0) {
    return Dims(shape) == Dims(target) ? Dims(strides) : contiguous_strides(target);
  }
  if (ndim == 0) {
    std::fill(result.begin(), result.end(), 1);
    return result;
  }
  // Walk from the last dim; each maximal run of dims that lie as one in memory is shared out among
  // target dims.
  int view_dim = result.size() - 1;
  int64_t base_stride = strides[ndim - 1], run = 1, shared = 1;
  for (int i = ndim - 1; i >= 0; --i) {
    run *= shape[i];
    const bool run_ends = i == 0 || (shape[i - 1] != 1 && strides[i - 1] != run * base_stride);
    if (!run_ends) continue;
    while (view_dim >= 0 && (shared < run || target[view_dim] == 1)) {
      result[view_dim] = shared * base_stride;
      shared *= target[view_dim--];
    }
    if (shared != run) return std::nullopt;
    if (i > 0) {
      base_stride = strides[i - 1];
      run = shared = 1;
    }
  }
  return view_dim == -1 ? std::optional(result) : std::nullopt;
}

}  // namespace libtensor
