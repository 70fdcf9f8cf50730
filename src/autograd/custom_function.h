// A differentiable function that a program writes itself: its forward runs outside, its derivative
// is a callback.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autograd/node.h"
#include "autograd/ownership.h"
#include "autograd/saved_tensor.h"

namespace libtensor::autograd {

class CustomFunction final : public ListNode<CustomFunction>, public Holder {
 public:
  // gradients: one per output; results: one per input, to be filled where needs_input_grad.
  using Backward = std::function<void(CustomFunction&, std::span<const Tensor> gradients,
                                      std::span<Tensor> results)>;

  // `inputs` may have undefined tensors in places of arguments that are none.
  // held: what `backward` keeps of the program's.
  CustomFunction(std::string name, std::span<const Tensor> inputs, Backward backward,
                 UserData held = {});

  // --- between the making and finish
  // Is recording on, and does any input require grad? Else finish leaves no trace in the graph.
  bool recorded() const { return recorded_; }
  bool needs_input_grad(size_t input) const {
    if (finished_) return static_cast<bool>(edges()[input].node);
    return inputs_[input].defined() && inputs_[input].requires_grad();
  }
  // These throw once the function is finished.
  void save_for_backward(std::vector<Tensor> tensors) { set(to_save_, std::move(tensors)); }
  void mark_dirty(std::vector<Tensor> tensors) { set(dirty_, std::move(tensors)); }
  void mark_non_differentiable(std::vector<Tensor> tensors) {
    set(non_differentiable_, std::move(tensors));
  }
  void set_materialize_grads(bool value) { materialize_grads_ = value; }
  void set_once_differentiable(bool value) { once_differentiable_ = value; }
  // The outputs with their place in the graph. Succeeds once; where it throws, nothing has changed.
  std::vector<Tensor> finish(std::span<const Tensor> outputs);

  // --- in the callback
  // Throws where they were freed or changed in place.
  std::vector<Tensor> saved_tensors();
  size_t saved_count() const { return finished_ ? saved_.size() : to_save_.size(); }

  const char* name() const override { return name_.c_str(); }
  void apply(std::span<const Tensor> gradients, std::span<Tensor> results) override;
  void release_saved() override;
  Edge saved_edge(uint32_t number) const override;
  void visit_held(HeldVisitor& visit) const override;
  void visit_saved(const SavedVisitor& visit) const override {
    for (const SavedTensor& one : saved_) visit("saved_tensors", one);
  }

 private:
  class Finish;

  void set(std::vector<Tensor>& list, std::vector<Tensor> tensors);
  void check_unfinished() const;
  bool is_input(const Tensor& tensor) const;
  Tensor wrap(const Tensor& output);
  Tensor wrap_without_history(const Tensor& output, bool modified);
  void check_dirty(std::span<const Tensor> outputs) const;
  void save();
  void forget_saved();
  uint32_t edge_for(const Tensor& saved);

  std::string name_;
  Backward backward_;
  UserData held_;
  bool recorded_;
  bool finished_ = false;
  bool is_finishing_ = false;
  bool materialize_grads_ = true;
  bool once_differentiable_ = false;
  std::vector<Tensor> inputs_, to_save_, dirty_, non_differentiable_;  // until finish
  std::vector<size_t> places_;  // among the outputs given to finish, of those that are tensors
  size_t output_places_ = 0;
  std::vector<SavedTensor> saved_;
  std::vector<Edge> saved_edges_;  // where the gradients of these go
};

}  // namespace libtensor::autograd
