// The few operations that the engine itself performs on tensors. src/ops fills the table in when
// the library is loaded, so that autograd needs to know no operation.
#pragma once

#include "autograd/node.h"

namespace libtensor::autograd {

struct TensorOps {
  Tensor (*add)(const Tensor& a, const Tensor& b);
  void (*add_in_place)(Tensor& a, const Tensor& b);
  // A copy that lies in memory as `leaf` does.
  Tensor (*clone_for_leaf)(const Tensor& gradient, const Tensor& leaf);
  Tensor (*ones_like)(const Tensor& tensor);
  Tensor (*zeros_like)(const Tensor& tensor);
  Tensor (*ones)(const OutputMeta& output);
  Tensor (*zeros)(const OutputMeta& output);
  // Sums `gradient` over the dims in which `shape` was broadcast to it.
  Tensor (*sum_to)(const Tensor& gradient, Span shape);
  Tensor (*to)(const Tensor& gradient, DType dtype, Device device);
  bool (*has_nan)(const Tensor& tensor);
  // The node that carries a gradient of `base` past an in-place operation `written` on its view
  // `view`, whose edge `self_edge` is that of the view.
  Ref<Node> (*copy_slices)(const Tensor& base, const Tensor& view, Ref<Node> written,
                           size_t self_edge);
  // The node that relates `view` to its base by geometry alone.
  Ref<Node> (*as_strided)(const Tensor& base, const Tensor& view);
};

extern TensorOps tensor_ops;

}  // namespace libtensor::autograd
