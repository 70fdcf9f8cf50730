// Source of the rules: PyTorch's TensorIterator (fast set-up and reorder_dimensions). Programs see
// them in strides, and in whether a result can be viewed as another shape.
#include "ops/pointwise_layout.h"

#include <algorithm>
#include <functional>

namespace libtensor::ops::pointwise {
namespace {

using Operands = std::span<const Input>;

// 0 where the input is stretched along the dim.
int64_t stride_of(const Tensor& input, const Dims& shape, int dim) {
  const int own = dim - (shape.size() - input.ndim());
  return own >= 0 && input.shape()[own] == shape[dim] ? input.strides()[own] : 0;
}

// The first input that tells decides.
int compare(Operands inputs, const Dims& shape, int inner, int outer) {
  for (const Input& input : inputs) {
    if (!input.tensor()) continue;
    const int result = compare_strides(shape, stride_of(*input.tensor(), shape, inner),
                                       stride_of(*input.tensor(), shape, outer), inner, outer);
    if (result != 0) return result;
  }
  return 0;
}

// Without a number or a tensor to be stretched, inputs that all lie alike hand on their strides.
const Tensor* shared_layout(Operands inputs, const Dims& shape) {
  const Tensor* first = inputs.front().tensor();
  for (const Input& input : inputs) {
    const Tensor* tensor = input.tensor();
    if (!tensor || tensor->shape() != shape || tensor->strides() != first->strides())
      return nullptr;
  }
  return is_dense(shape, first->strides()) ? first : nullptr;
}

bool are_contiguous(Operands inputs, const Dims& shape) {
  return std::all_of(inputs.begin(), inputs.end(), [&](const Input& input) {
    return input.tensor() && input.tensor()->shape() == shape && input.tensor()->is_contiguous();
  });
}

}  // namespace

Dims result_strides(std::span<const Input> inputs, const Dims& shape) {
  if (shape.size() <= 1 || are_contiguous(inputs, shape)) return contiguous_strides(shape);
  if (const Tensor* like = shared_layout(inputs, shape)) return like->strides();
  const Dims order = dims_innermost_first(
      shape.size(), [&](int inner, int outer) { return compare(inputs, shape, inner, outer); });
  // Where it is empty, PyTorch's strides differ between the two.
  const bool row_major = std::is_sorted(order.begin(), order.end(), std::greater<>());
  return row_major ? contiguous_strides(shape) : packed_strides(shape, order);
}

}  // namespace libtensor::ops::pointwise
