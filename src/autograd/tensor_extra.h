// What few tensors have beyond a plain one: grad, hooks, the way to their AccumulateGrad.
#pragma once

#include "autograd/hooks.h"
#include "autograd/shared_grad.h"
#include "core/tensor.h"

namespace libtensor::autograd {

class AccumulateGrad;

// Guards the extra of all tensors. Nothing is destroyed and no operation runs while it is held.
ForkSafeMutex& leaf_mutex();
// Held while one gradient is added to what `holder`, a leaf or a retained grad, has.
inline ForkSafeMutex& accumulation_mutex(const void* holder) {
  return StripedMutex<LockLevel::kAccumulation>::of(holder);
}

class TensorExtra final : public AutogradExtra, public Pooled<TensorExtra> {
 public:
  ~TensorExtra() override;

  Tensor grad;  // of a leaf
  GradShares shares;
  Ref<RetainedGrad> retained;
  AccumulateGrad* accumulator = nullptr;  // not owned: the node owns the leaf
  HookList<TensorHook> hooks;             // of a leaf; others keep theirs at the grad_fn
  HookList<PostAccumulateHook> after;
  OwnedUserData companion;  // what a program lets the tensor hold

  // --- with leaf_mutex held
  // The gradient of `tensor`, whose extra this is, may lead back to it.
  void suspect_cycle(TensorImpl* tensor);
  // All tensors of which that was said.
  static std::vector<TensorImpl*> suspects();
  Tensor& gradient() { return retained ? retained->grad : grad; }

 private:
  TensorImpl* suspect_ = nullptr;
  TensorExtra *previous_ = nullptr, *next_ = nullptr;
};

// Made where there is none. Call with leaf_mutex held.
TensorExtra& extra_of(const Tensor& tensor);
// Null where there is none.
inline TensorExtra* find_extra(const Tensor& tensor) {
  return static_cast<TensorExtra*>(tensor.impl()->extra.get());
}

// `tensor` lets go of the companion it had.
void set_companion(const Tensor& tensor, OwnedUserData companion);

// Drops a gradient, which may have a gradient of its own and so on, without recursion.
void drop_gradient(Tensor gradient);

// What the next needs memory for.
void prepare_retained_grad(const Tensor& tensor, Node* to);
// `tensor` gets another grad_fn: its retained grad goes along. Call before it is set.
void move_retained_grad(const Tensor& tensor, Node* to, uint32_t output_nr);

}  // namespace libtensor::autograd
