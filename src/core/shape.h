// Arithmetic on shapes and strides. Strides count elements.
#pragma once

#include <optional>

#include "core/dims.h"
#include "core/error.h"

namespace libtensor {

// Number of elements; throws where it, or the size in bytes of it, does not fit into 63 bits.
int64_t checked_numel(Span shape, size_t item_size);
// Product of some sizes of a tensor, which beside a 0 may be too large: throws then.
int64_t checked_product(Span sizes);
// Number of elements of a shape that is known to fit. Unsigned: beside a 0 the other sizes may be
// so large that their product wraps around, which the 0 then hides.
inline int64_t numel_of(Span shape) {
  uint64_t numel = 1;
  for (int64_t size : shape) numel *= static_cast<uint64_t>(size);
  return static_cast<int64_t>(numel);
}
// Throws unless there are at most kMaxDims sizes.
inline void check_rank(size_t ndim) {
  check(ndim <= kMaxDims, "too many dimensions: ", ndim, ", at most ", kMaxDims, " are supported");
}
// Throws unless all sizes are >= 0, and there are at most kMaxDims.
void check_sizes(Span shape);

// Throws where a stride does not fit: beside a 0, sizes may be of any size.
Dims contiguous_strides(Span shape);
// The stride of a dim outside of one with `size` and `stride`; throws where it does not fit.
int64_t outer_stride(int64_t size, int64_t stride);
// offset + index * stride; throws where it does not fit.
int64_t moved_offset(int64_t offset, int64_t index, int64_t stride);
// Throws unless `shape` at `strides` from `offset` lies within the first `bytes` bytes.
void check_within(Span shape, Span strides, int64_t offset, size_t item_size, size_t bytes);
bool is_contiguous(Span shape, Span strides);
// No two indices reach the same element (false where that is not easily seen).
bool is_non_overlapping(Span shape, Span strides);
// Non-overlapping, and the elements fill one run of memory: some permutation of it is contiguous.
bool is_dense(Span shape, Span strides);
// Strides of a fresh tensor that keeps the order in memory of a dense one (PyTorch's
// preserve_format).
Dims dense_strides_like(Span shape, Span strides);
// The dims of a tensor, innermost first, where compare(inner, outer) says whether a dim that lies
// inside of another belongs outside of it (> 0), does not (< 0), or cannot be compared (0):
// row-major where nothing else is known. Source: reorder_dimensions of PyTorch's TensorIterator.
template <class Compare>
Dims dims_innermost_first(int ndim, Compare compare) {
  Dims order;
  for (int dim = ndim - 1; dim >= 0; --dim) {
    int place = order.size();
    order.push_back(dim);
    for (int before = place - 1; before >= 0; --before) {
      const int comparison = compare(static_cast<int>(order[before]), dim);
      if (comparison < 0) break;
      if (comparison == 0) continue;
      std::swap(order[before], order[place]);
      place = before;
    }
  }
  return order;
}
// That comparison by the strides of one tensor, of which 0 says nothing.
inline int compare_strides(Span shape, int64_t inner_stride, int64_t outer_stride, int inner,
                           int outer) {
  if (inner_stride == 0 || outer_stride == 0) return 0;
  if (inner_stride != outer_stride) return inner_stride < outer_stride ? -1 : 1;
  return shape[inner] > shape[outer] ? 1 : 0;
}
// Strides without gaps for dims that lie in this order, innermost first.
Dims packed_strides(Span shape, const Dims& order);
// The last element that a view touches, relative to its storage offset (strides are >= 0); -1 for
// one that touches none.
int64_t reach(Span shape, Span strides);

// `dim` in [-ndim, ndim) as an index; PyTorch's IndexError otherwise. A 0-dim tensor takes -1 and
// 0.
int wrap_dim(int64_t dim, int ndim);
// One bit per reduced dim; an empty list means all of them. Throws on a dim named twice.
uint64_t dim_mask(Span dims, int ndim);

// The shape that both broadcast to; PyTorch's message otherwise.
Dims broadcast_shapes(Span a, Span b);
// Strides that view a tensor of `shape` as `target` (0 where it is stretched). The caller knows
// that it fits.
Dims broadcast_strides(Span shape, Span strides, Span target);
bool is_expandable_to(Span shape, Span target);

// Resolves one -1 of a view's shape.
Dims infer_size(Span shape, int64_t numel);
// Strides with which `strides` can be seen as `target`, if that needs no copy.
std::optional<Dims> view_strides(Span shape, Span strides, Span target);

}  // namespace libtensor
