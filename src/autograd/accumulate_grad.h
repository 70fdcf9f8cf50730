// The node at the end of every path: adds what arrives to the `grad` of a leaf.
#pragma once

#include "autograd/node.h"
#include "autograd/ownership.h"

namespace libtensor::autograd {

class AccumulateGrad final : public FixedNode<AccumulateGrad, 0>, public Holder {
 public:
  explicit AccumulateGrad(const Tensor& leaf);
  ~AccumulateGrad() override;

  const char* name() const override { return "AccumulateGrad"; }
  void apply(std::span<const Tensor> gradients, std::span<Tensor> results) override;
  void run_tensor_hooks(std::span<Tensor> gradients) override;
  void append_hook_groups(std::vector<const void*>& groups) const override;
  void visit_held(HeldVisitor& visit) const override { visit.tensors({&leaf_, 1}); }
  // Undefined once it is a leaf no more.
  Tensor leaf() const;
  // Lets go of the leaf. Call with leaf_mutex held.
  Tensor take_leaf() { return std::exchange(leaf_, Tensor()); }
  void give_leaf(const Tensor& leaf) { leaf_ = leaf; }

 private:
  static void accumulate(const Tensor& leaf, const Tensor& incoming);
  static void accumulate_locked(const Tensor& leaf, const Tensor& incoming);

  Tensor leaf_;
};

// The leaf's AccumulateGrad: the one that graphs already hold, or a new one.
Ref<Node> grad_accumulator(const Tensor& leaf);
// `tensor` is about to get a grad_fn: its AccumulateGrad, which older graphs may hold, must not
// hold it, since that grad_fn may lead to those graphs.
void forget_accumulator(const Tensor& tensor);
// The leaf's AccumulateGrad if there is one; and makes it that again after forget_accumulator.
Ref<Node> known_accumulator(const Tensor& leaf);
void remember_accumulator(const Tensor& leaf, const Ref<Node>& accumulator);

// The accumulated gradient; undefined where there is none.
Tensor grad(const Tensor& tensor);
// Replaces it; checks shape, dtype and device. An undefined `gradient` clears it.
void set_grad(const Tensor& tensor, const Tensor& gradient);

}  // namespace libtensor::autograd
