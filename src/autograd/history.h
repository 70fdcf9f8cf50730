// Ties tensors to the graph: what every operation does before and after it computes.
#pragma once

#include "autograd/accumulate_grad.h"
#include "autograd/mode.h"
#include "autograd/node.h"
#include "core/in_use.h"

namespace libtensor::autograd {

// Does an operation on these inputs need a node?
template <class... Tensors>
[[gnu::always_inline]] inline bool records(const Tensors&... inputs) {
  return ((inputs.defined() && inputs.requires_grad()) || ...) && grad_enabled();
}
bool records(std::span<const Tensor> inputs);

// PyTorch's rules for leaves. A view whose base was changed since has a history, although nobody
// may have asked for it yet (where PyTorch forgets that, it refuses to change the view in place).
inline bool is_leaf(const Tensor& tensor) {
  const TensorImpl& impl = *tensor.impl();
  const bool is_stale = impl.view_base && impl.view_version != tensor.version();
  return !impl.grad_fn && !(is_stale && (impl.view_base->requires_grad || impl.view_base->grad_fn));
}
void set_requires_grad(const Tensor& tensor, bool requires_grad);

// The node that made `tensor`, or null. A view whose base changed since gets a new one first;
// throws where that view may not be changed in place itself.
Ref<Node> grad_fn(const Tensor& tensor);
// Where the gradient of `tensor` goes: its grad_fn, or its AccumulateGrad, or nowhere.
Edge gradient_edge_of_view(const Tensor& view);
inline Edge gradient_edge(const Tensor& tensor) {
  if (tensor.is_view()) [[unlikely]]
    return gradient_edge_of_view(tensor);
  const TensorImpl& impl = *tensor.impl();
  if (impl.grad_fn)
    return {Ref<Node>::share(static_cast<Node*>(impl.grad_fn.get())), impl.output_nr};
  if (impl.requires_grad) return {grad_accumulator(tensor), 0};
  return {};
}

// Makes `result` an output of `node`.
void set_history(const Tensor& result, Ref<Node> node);
// Makes `results` the outputs of `node`.
void set_history(std::span<const Tensor> results, const Ref<Node>& node);
// Remembers that `result` is a view of `source`, so that an in-place operation on one reaches the
// other.
void set_view(const Tensor& result, const Tensor& source, ViewOrigin origin = ViewOrigin::kDefault);
// The same for the results of one operation, none of which may be changed in place.
void set_views(std::span<const Tensor> results, const Tensor& source);

// What an in-place operation on `self` gives a history: the tensor and, of a view, the base. While
// it lives no other thread uses them; throws where one does.
class HistoryChange {
 public:
  HistoryChange(const Tensor& self, bool recorded) {
    if (recorded) [[unlikely]]
      begin(self);
  }
  // Makes room for `node`, which will have made self's new content, and whose edge number
  // `self_edge` leads to where self's old content came from. Changes neither tensor.
  void prepare(const Tensor& self, const Ref<Node>& node, size_t self_edge = 0);
  // Makes it their history. Call after the version was raised.
  void commit(const Tensor& self);

 private:
  void begin(const Tensor& self);
  Exclusive self_, base_;
  Ref<Node> fresh_;
  uint32_t output_nr_ = 0;
};
// Throws where PyTorch forbids to change `self` in place. `recorded`: the operation will be.
void check_inplace(const Tensor& self, bool recorded);
// After an operation that changed self's shape and strides only, to those of an output of `node`.
void rebase_geometry(const Tensor& self, const Ref<Node>& node);
// The place of a tensor in the graph, to be put back where what changed it has failed.
class HistorySnapshot {
 public:
  explicit HistorySnapshot(const Tensor& tensor);
  void restore();

 private:
  Tensor tensor_;
  Ref<GraphNode> grad_fn_;
  Ref<Node> accumulator_;
  uint32_t output_nr_, view_version_;
  bool requires_grad_;
  ViewOrigin view_origin_;
};
// Throws where an out= argument would cut the graph.
void check_out(const char* operation, const Tensor& out, bool any_input_requires_grad);
// Removes `self` from the graph.
void detach_(const Tensor& self);

}  // namespace libtensor::autograd
