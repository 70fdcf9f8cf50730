// What the autograd engine needs of the operations, and the node for in-place changes of views.
#include "autograd/history.h"
#include "autograd/ownership.h"
#include "autograd/tensor_ops.h"
#include "core/generated/functors/arithmetic.h"
#include "ops/formulas.h"
#include "ops/generated/compute/creation.h"
#include "ops/generated/functions/arithmetic.h"
#include "ops/generated/functions/comparison.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/reductions.h"
#include "ops/generated/functions/views.h"
#include "ops/generated/nodes/views.h"
#include "ops/pointwise.h"

namespace libtensor::ops {
namespace {

using autograd::Edge;
using autograd::Node;

// Where a view lies in its base.
struct Geometry {
  Dims shape, strides;
  int64_t offset;

  explicit Geometry(const Tensor& tensor)
      : shape(tensor.shape()), strides(tensor.strides()), offset(tensor.offset()) {}
};

// `place`: of the view. It may itself be a copy, which lies elsewhere.
Ref<Node> make_as_strided(const Tensor& base, const Geometry& place, const Tensor& view) {
  auto node = Ref<AsStridedBackward>::adopt(new AsStridedBackward);
  node->connect(0, base);
  node->self_shape_ = base.shape();
  node->self_strides_ = base.strides();
  node->self_offset_ = base.offset();
  node->size_ = place.shape;
  node->stride_ = place.strides;
  node->storage_offset_ = place.offset;
  node->add_output(view);
  return node;
}

Ref<Node> make_as_strided(const Tensor& base, const Tensor& view) {
  return make_as_strided(base, Geometry(view), view);
}

// The new content of `base` after an operation was done in place on a view of it: the gradient of
// the view's part goes through that operation, the rest straight on.
class CopySlices final : public autograd::ListNode<CopySlices>, public autograd::Holder {
 public:
  CopySlices(const Tensor& base, const Tensor& view, Ref<Node> written, size_t self_edge)
      : base_(base), view_(view), written_(std::move(written)), self_edge_(self_edge) {
    set_edge_count(written_->edges().size());
    for (size_t i = 0; i < written_->edges().size(); ++i) set_edge(i, written_->edges()[i]);
    set_edge(self_edge_, autograd::gradient_edge(base));
    written_->set_edge(self_edge_, edges()[self_edge_]);
    written_->set_enclosing(this);
  }
  const char* name() const override { return "CopySlices"; }
  // What was saved is the view; this node's result is the base.
  void reattach(Tensor& saved, uint32_t output_nr) override {
    Tensor base = saved.view(base_.shape, base_.strides, base_.offset);
    Node::reattach(base, output_nr);
    saved.impl()->grad_fn = make_as_strided(base, view_, saved);
    saved.impl()->output_nr = 0;
  }
  void release_saved() override { written_->release_saved(); }
  void visit_saved(const autograd::SavedVisitor& visit) const override {
    written_->visit_saved(visit);
  }
  void visit_held(autograd::HeldVisitor& visit) const override { visit.node(written_.get()); }
  size_t bytes() const override { return ListNode::bytes() + written_->bytes(); }

  void apply(std::span<const Tensor> gradients, std::span<Tensor> results) override {
    if (!gradients[0].defined()) return;
    Tensor whole = Tensor::empty_strided(base_.shape, base_.strides, gradients[0].dtype(),
                                         gradients[0].device());
    copy_(whole, gradients[0]);
    const Tensor part = as_strided(whole, view_.shape, view_.strides, view_.offset - base_.offset);
    const Tensor part_gradient = clone(part);
    written_->apply({&part_gradient, 1}, results);
    if (!should_compute(self_edge_)) return;
    Tensor& of_self = results[self_edge_];
    if (of_self.defined()) {
      copy_(part, of_self);
    } else {
      zero_(part);
    }
    of_self = whole;
  }

 private:
  Geometry base_, view_;
  Ref<Node> written_;
  size_t self_edge_;
};

Ref<Node> make_copy_slices(const Tensor& base, const Tensor& view, Ref<Node> written,
                           size_t self_edge) {
  return Ref<CopySlices>::adopt(new CopySlices(base, view, std::move(written), self_edge));
}

void add_in_place(Tensor& sum, const Tensor& gradient) {
  pointwise::run_inplace(functor::kAdd, Rule::kPromote, sum, {sum, gradient});
  sum.storage().bump_version("add_");
}

// A copy of `gradient` that lies in memory as `leaf` does.
Tensor clone_for_leaf(const Tensor& gradient, const Tensor& leaf) {
  if (!is_dense(leaf.shape(), leaf.strides())) return contiguous_copy(gradient);
  if (gradient.strides() == leaf.strides()) return clone(gradient);
  Tensor copy =
      Tensor::empty_strided(leaf.shape(), leaf.strides(), gradient.dtype(), gradient.device());
  copy_(copy, gradient);
  return copy;
}

Tensor ones_like_detached(const Tensor& tensor) { return compute::ones_like(tensor, Options{}); }

Tensor zeros_like_detached(const Tensor& tensor) { return compute::zeros_like(tensor, Options{}); }

Tensor ones_for(const autograd::OutputMeta& output) {
  return compute::ones(output.shape, Options{output.dtype, output.device, false});
}

Tensor zeros_for(const autograd::OutputMeta& output) {
  return compute::zeros(output.shape, Options{output.dtype, output.device, false});
}

bool has_nan(const Tensor& tensor) {
  if (!is_floating(tensor.dtype())) return false;
  const autograd::GradMode mode(false);
  const Tensor found = to_like(any(ne(tensor, tensor)), DType::kBool, Device{});
  return *found.data_as<bool>();
}

struct Registration {
  Registration() {
    autograd::tensor_ops = {
        .add = add,
        .add_in_place = add_in_place,
        .clone_for_leaf = clone_for_leaf,
        .ones_like = ones_like_detached,
        .zeros_like = zeros_like_detached,
        .ones = ones_for,
        .zeros = zeros_for,
        .sum_to = sum_to_size,
        .to = to_copy,
        .has_nan = has_nan,
        .copy_slices = make_copy_slices,
        .as_strided = make_as_strided,
    };
  }
} const registration;

}  // namespace
}  // namespace libtensor::ops
