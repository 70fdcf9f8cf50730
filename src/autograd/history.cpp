#include "autograd/history.h"

#include "autograd/tensor_extra.h"
#include "autograd/tensor_ops.h"
#include "core/fork.h"

namespace libtensor::autograd {

TensorOps tensor_ops;

namespace {

Tensor base_of(const Tensor& view) { return Tensor(view.impl()->view_base); }

void set_grad_fn(const Tensor& tensor, Ref<Node> node, uint32_t output_nr) {
  if (tensor.impl()->extra) [[unlikely]] {
    move_retained_grad(tensor, node.get(), output_nr);
    forget_accumulator(tensor);
  }
  tensor.impl()->grad_fn = std::move(node);
  tensor.impl()->output_nr = output_nr;
}

// Why a view may not be changed in place, by where it comes from. `indirect`: its base was, or
// another view of it.
void check_origin(const Tensor& view, bool indirect) {
  const ViewOrigin origin = view.impl()->view_origin;
  if (origin == ViewOrigin::kDefault) return;
  const GraphNode* maker = view.impl()->grad_fn.get();
  const bool by_mode = origin == ViewOrigin::kNoGrad || origin == ViewOrigin::kInference;
  const std::string mode = origin == ViewOrigin::kInference ? "inference" : "no_grad";
  std::string who = str("A view was created in ", mode, " mode");
  if (maker) {
    who =
        str("Output ", view.impl()->output_nr, " of ", operation_name(maker->name()), " is a view");
    if (by_mode) who += str(" of a view which was created in ", mode, " mode");
  }
  who += indirect ? " and its base or another view of its base has been modified inplace"
                  : " and is being modified inplace";
  if (by_mode || !maker)
    who += origin == ViewOrigin::kInference ? " in normal mode" : " with grad mode enabled";
  const char* why = "";
  switch (origin) {
    case ViewOrigin::kDefault:
      return;
    case ViewOrigin::kNoGrad:
      why =
          ". Given that this use case is ambiguous and error-prone, it is forbidden. You can "
          "clarify your code by moving both the view and the inplace either both inside the "
          "no_grad block (if you don't want the inplace to be tracked) or both outside (if you "
          "want the inplace to be tracked).";
      break;
    case ViewOrigin::kInference:
      why =
          ". Given that this use case is ambiguous and error-prone, it is forbidden. You can "
          "clarify your code by moving both the view and the inplace either both inside the "
          "inference_mode block (if you don't want the inplace to be tracked) or both outside (if "
          "you want the inplace to be tracked).";
      break;
    case ViewOrigin::kMultiOutput:
      why =
          ". This view is the output of a function that returns multiple views. Such functions do "
          "not allow the output views to be modified inplace. You should replace the inplace "
          "operation by an out-of-place one.";
      break;
    case ViewOrigin::kCustomFunction:
      why =
          ". This view was created inside a custom Function (or because an input was returned "
          "as-is) and the autograd logic to handle view+inplace would override the custom backward "
          "associated with the custom Function, leading to incorrect gradients. This behavior is "
          "forbidden. You can fix this by cloning the output of the custom Function.";
      break;
  }
  fail(Status::kInvalidArgument, who, why);
}

}  // namespace

bool records(std::span<const Tensor> inputs) {
  if (!grad_enabled()) return false;
  for (const Tensor& input : inputs) {
    if (input.defined() && input.requires_grad()) return true;
  }
  return false;
}

void set_requires_grad(const Tensor& tensor, bool requires_grad) {
  check(requires_grad || is_leaf(tensor),
        "you can only change requires_grad flags of leaf variables. If you want to use a computed "
        "variable in a "
        "subgraph that doesn't require differentiation use var_no_grad = var.detach().");
  if (requires_grad && !is_leaf(tensor)) return;
  check(!requires_grad || !tensor.impl()->inference || inference_mode_flag,
        "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.");
  check(!requires_grad || is_floating(tensor.dtype()),
        "only Tensors of floating point dtype can require gradients");
  if (requires_grad) {
    const ShortLock lock(leaf_mutex());
    extra_of(tensor);  // whose gradient will be this thread's; first, since it may find no memory
  }
  tensor.impl()->requires_grad = requires_grad;
}

namespace {

// Held while the history of a view, which several readers may find out of date, is looked at or
// made anew. No operation runs meanwhile.
ForkSafeMutex& renewal_mutex(const Tensor& view) {
  return StripedMutex<LockLevel::kRenewal>::of(view.impl());
}

Ref<Node> known_grad_fn(const Tensor& tensor) {
  return Ref<Node>::share(static_cast<Node*>(tensor.impl()->grad_fn.get()));
}

// Whether a view's base changed since its grad_fn was made.
bool needs_renewal(const Tensor& view) {
  const TensorImpl& impl = *view.impl();
  if (impl.view_version == view.version()) return false;
  if (!impl.grad_fn && !base_of(view).requires_grad()) return false;
  check_origin(view, /*indirect=*/true);
  return true;
}

Edge known_edge(const Tensor& tensor) { return {known_grad_fn(tensor), tensor.impl()->output_nr}; }

// Where the gradient of a view that has a history goes. That is made anew where the base changed
// since; where two threads come to do so, the second one's serves nobody.
Edge renewed_edge(const Tensor& view) {
  TensorImpl& impl = *view.impl();
  use(*impl.view_base, "the base of a view");
  {
    const ShortLock lock(renewal_mutex(view));
    if (!needs_renewal(view)) return known_edge(view);
  }
  const uint32_t version = view.version();
  const Ref<Node> fresh = tensor_ops.as_strided(base_of(view), view);
  Ref<Node> before;  // goes after the lock
  const ShortLock lock(renewal_mutex(view));
  if (needs_renewal(view)) {
    before = known_grad_fn(view);
    set_grad_fn(view, fresh, 0);
    impl.lend_history();
    impl.view_version = version;
  }
  return known_edge(view);
}

}  // namespace

Edge gradient_edge_of_view(const Tensor& view) {
  if (Edge edge = renewed_edge(view); edge.node) return edge;
  if (view.impl()->requires_grad) return {grad_accumulator(view), 0};
  return {};
}

Ref<Node> grad_fn(const Tensor& tensor) {
  return tensor.is_view() ? renewed_edge(tensor).node : known_grad_fn(tensor);
}

void HistoryChange::begin(const Tensor& self) {
  self_ = Exclusive(self);
  if (self.is_view()) base_ = Exclusive(base_of(self));
}

void set_history(const Tensor& result, Ref<Node> node) {
  if (!is_floating(result.dtype())) return;
  const uint32_t output_nr = node->add_output(result);
  set_grad_fn(result, std::move(node), output_nr);
}

void set_history(std::span<const Tensor> results, const Ref<Node>& node) {
  for (const Tensor& result : results) set_history(result, node);
}

void set_view(const Tensor& result, const Tensor& source, ViewOrigin origin) {
  if (!is_floating(source.dtype()) || source.impl()->inference) return;
  TensorImpl& impl = *result.impl();
  impl.view_base = source.is_view() ? source.impl()->view_base : source.ref();
  impl.view_version = source.version();
  if (inference_mode_flag) {
    origin = ViewOrigin::kInference;
  } else if (!grad_enabled()) {
    origin = ViewOrigin::kNoGrad;
  }
  const bool inherits = origin == ViewOrigin::kDefault && source.is_view();
  impl.view_origin = inherits ? source.impl()->view_origin : origin;
}

void set_views(std::span<const Tensor> results, const Tensor& source) {
  for (const Tensor& result : results) set_view(result, source, ViewOrigin::kMultiOutput);
}

namespace {

void check_inplace_on_view(const Tensor& self) {
  check_origin(self, /*indirect=*/false);
  check(!(self.requires_grad() && is_leaf(base_of(self))),
        "a view of a leaf Variable that requires grad is being used in an in-place operation.");
}

void check_writable(const Tensor& self) {
  check(!self.impl()->inference || inference_mode_flag,
        "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a "
        "clone to get a normal tensor before doing inplace update.See "
        "https://github.com/pytorch/rfcs/pull/17 for more details.");
}

}  // namespace

void check_inplace(const Tensor& self, bool recorded) {
  check_writable(self);
  if (!recorded) return;
  if (self.is_view()) check_inplace_on_view(self);
  check(!self.requires_grad() || !is_leaf(self),
        "a leaf Variable that requires grad is being used in an in-place operation.");
}

void HistoryChange::prepare(const Tensor& self, const Ref<Node>& node, size_t self_edge) {
  if (!is_floating(self.dtype())) return;
  output_nr_ = node->add_output(self);
  fresh_ = node;
  if (!self.is_view()) return prepare_retained_grad(self, fresh_.get());
  const Tensor base = base_of(self);
  fresh_ = tensor_ops.copy_slices(base, self, node, self_edge);
  output_nr_ = fresh_->add_output(base);
  prepare_retained_grad(base, fresh_.get());
}

namespace {

// Where there is no memory for it now, a view's own history through the base is made when it is
// next asked for.
void renew_view(const Tensor& view) {
  try {
    grad_fn(view);
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace

void HistoryChange::commit(const Tensor& self) {
  if (!fresh_) return;
  const Tensor changed = self.is_view() ? base_of(self) : self;
  if (self.is_view() || self.storage().watched()) changed.impl()->lend_history();
  set_grad_fn(changed, std::move(fresh_), output_nr_);
  if (self.is_view()) renew_view(self);
}

void rebase_geometry(const Tensor& self, const Ref<Node>& node) {
  self.is_view() ? renew_view(self) : set_grad_fn(self, node, 0);
}

HistorySnapshot::HistorySnapshot(const Tensor& tensor)
    : tensor_(tensor),
      grad_fn_(tensor.impl()->grad_fn),
      accumulator_(known_accumulator(tensor)),
      output_nr_(tensor.impl()->output_nr),
      view_version_(tensor.impl()->view_version),
      requires_grad_(tensor.impl()->requires_grad),
      view_origin_(tensor.impl()->view_origin) {}

void HistorySnapshot::restore() {
  TensorImpl& impl = *tensor_.impl();
  if (impl.grad_fn != grad_fn_) {
    // Retained grads go back to where there is room for them.
    if (grad_fn_ && impl.extra)
      move_retained_grad(tensor_, static_cast<Node*>(grad_fn_.get()), output_nr_);
    impl.grad_fn = grad_fn_;
  }
  impl.output_nr = output_nr_;
  impl.view_version = view_version_;
  impl.requires_grad = requires_grad_;
  impl.view_origin = view_origin_;
  if (accumulator_) remember_accumulator(tensor_, accumulator_);
}

void check_out(const char* operation, const Tensor& out, bool any_input_requires_grad) {
  check(!grad_enabled() || !(any_input_requires_grad || out.requires_grad()), operation,
        "(): functions with out=... arguments don't support automatic differentiation, but one of "
        "the arguments "
        "requires grad.");
  check_writable(out);
}

void detach_(const Tensor& self) {
  check(!self.is_view() || !self.impl()->grad_fn,
        "Can't detach views in-place. Use detach() instead. If you are using "
        "DistributedDataParallel (DDP) for "
        "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, "
        "and hence detach_() "
        "cannot be called on these gradients. To fix this error, please refer to the "
        "Optimizer.zero_grad() function in "
        "torch/optim/optimizer.py as the solution.");
  const Exclusive alone(self);
  self.impl()->grad_fn = nullptr;
  self.impl()->requires_grad = false;
  self.impl()->output_nr = 0;
}

}  // namespace libtensor::autograd
