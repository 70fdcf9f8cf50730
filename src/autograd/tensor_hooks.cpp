// Hooks of tensors: where they are kept, and how they follow a tensor to a new grad_fn.
#include <algorithm>

#include "autograd/accumulate_grad.h"
#include "autograd/anomaly.h"
#include "autograd/graph_task.h"
#include "autograd/history.h"
#include "autograd/hooks.h"
#include "autograd/mode.h"
#include "autograd/tensor_extra.h"
#include "autograd/tensor_ops.h"
#include "core/in_use.h"
#include "memory/calls_nobody.h"

namespace libtensor::autograd {
namespace {

// The extra of a leaf that is about to get a hook; lets its AccumulateGrad know, if there is one.
TensorExtra& hooked_extra(const Tensor& leaf) {
  const ShortLock lock(leaf_mutex());
  TensorExtra& extra = extra_of(leaf);
  if (extra.accumulator) extra.accumulator->set_hooked();
  return extra;
}

}  // namespace

void check_hookable(const Tensor& tensor) {
  check(tensor.requires_grad(), "cannot register a hook on a tensor that doesn't require gradient");
}

void register_hook(const Tensor& tensor, Ref<TensorHook> hook) {
  check_hookable(tensor);
  if (const Ref<Node> node = grad_fn(tensor)) {
    node->make_hooks().add(tensor.impl()->output_nr, std::move(hook));
  } else {
    hooked_extra(tensor).hooks.add(std::move(hook));
  }
}

void register_post_accumulate_grad_hook(const Tensor& tensor, Ref<PostAccumulateHook> hook) {
  check_hookable(tensor);
  check(is_leaf(tensor), "post accumulate grad hooks cannot be registered on non-leaf tensors");
  hooked_extra(tensor).after.add(std::move(hook));
}

void retain_grad(const Tensor& tensor) {
  check(tensor.requires_grad(), "can't retain_grad on Tensor that has requires_grad=False");
  if (is_leaf(tensor) || retains_grad(tensor)) return;
  const Ref<Node> node = grad_fn(tensor);
  auto retained = Ref<RetainedGrad>::adopt(new RetainedGrad);
  NodeHooks& hooks = node->make_hooks();
  {
    std::lock_guard lock(hook_mutex());
    hooks.make_room_for_retained();
  }
  {
    const ShortLock lock(leaf_mutex());
    TensorExtra& extra = extra_of(tensor);
    std::swap(retained->grad, extra.grad);
    extra.retained = retained;
  }
  std::lock_guard lock(hook_mutex());
  hooks.retained.push_back({tensor.impl()->output_nr, std::move(retained)});
}

bool retains_grad(const Tensor& tensor) {
  const ShortLock lock(leaf_mutex());
  const TensorExtra* extra = find_extra(tensor);
  return extra && extra->retained;
}

void prepare_retained_grad(const Tensor& tensor, Node* to) {
  const TensorExtra* extra = find_extra(tensor);
  if (!extra || !extra->retained) return;
  NodeHooks& target = to->make_hooks();
  std::lock_guard lock(hook_mutex());
  target.make_room_for_retained();
}

void move_retained_grad(const Tensor& tensor, Node* to, uint32_t output_nr) {
  const TensorExtra* extra = find_extra(tensor);
  auto* from = static_cast<Node*>(tensor.impl()->grad_fn.get());
  if (!extra || !extra->retained || !from || !from->hooks()) return;
  NodeHooks& target = to->make_hooks();
  std::lock_guard lock(hook_mutex());
  target.make_room_for_retained();
  std::erase_if(from->hooks()->retained,
                [&](const NodeHooks::Retained& one) { return one.grad == extra->retained; });
  target.retained.push_back({output_nr, extra->retained});
}

void RetainedGrad::destroy(RetainedGrad* retained) {
  Tensor gradient = std::move(retained->grad);
  delete retained;
  if (gradient.defined()) drop_gradient(std::move(gradient));
}

void RetainedGrad::accumulate(const Tensor& gradient) {
  if (use_count() <= 2) return;  // only the node and the pass that runs have it: no tensor
  const KnownLocation location(grad_enabled());
  memory::call_nobody([&] { accumulate_locked(gradient); });
}

void RetainedGrad::accumulate_locked(const Tensor& gradient) {
  Tensor sum;  // in the end what it replaces, which goes after the lock
  std::lock_guard lock(accumulation_mutex(this));
  {
    const ShortLock leaf_lock(leaf_mutex());
    sum = grad;
  }
  use(sum, "a retained gradient");
  sum =
      sum.defined() ? tensor_ops.add(sum, gradient) : tensor_ops.clone_for_leaf(gradient, gradient);
  GraphTask::current()->streams().leave(sum);
  const ShortLock leaf_lock(leaf_mutex());
  std::swap(grad, sum);
}

}  // namespace libtensor::autograd
