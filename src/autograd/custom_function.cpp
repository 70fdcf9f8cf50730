#include "autograd/custom_function.h"

#include <algorithm>

#include "autograd/delayed_error.h"
#include "autograd/history.h"
#include "autograd/mode.h"
#include "autograd/tensor_ops.h"

namespace libtensor::autograd {
namespace {

bool contains(std::span<const Tensor> tensors, const Tensor& tensor) {
  return std::any_of(tensors.begin(), tensors.end(),
                     [&](const Tensor& other) { return other.is_same(tensor); });
}

}  // namespace

CustomFunction::CustomFunction(std::string name, std::span<const Tensor> inputs, Backward backward,
                               UserData held)
    : name_(std::move(name)),
      backward_(std::move(backward)),
      held_(held),
      recorded_(records(inputs)),
      inputs_(inputs.begin(), inputs.end()) {
  set_edge_count(inputs.size());
  if (!recorded_) return;
  for (size_t i = 0; i < inputs.size(); ++i) connect(i, inputs[i]);
}

void CustomFunction::visit_held(HeldVisitor& visit) const {
  visit.user(held_);
  for (const auto* list : {&inputs_, &to_save_, &dirty_, &non_differentiable_})
    visit.tensors(*list);
  for (const Edge& edge : saved_edges_) visit.node(edge.node.get());
}

void CustomFunction::check_unfinished() const {
  check(!finished_ && !is_finishing_, "the function is finished already");
}

void CustomFunction::set(std::vector<Tensor>& list, std::vector<Tensor> tensors) {
  check_unfinished();
  list.swap(tensors);
}

bool CustomFunction::is_input(const Tensor& tensor) const { return contains(inputs_, tensor); }

void CustomFunction::check_dirty(std::span<const Tensor> outputs) const {
  for (const Tensor& tensor : dirty_) {
    check(contains(outputs, tensor),
          "Some elements marked as dirty during the forward method were not returned as output. "
          "The inputs that are modified inplace must all be outputs of the Function.");
    if (!recorded_) continue;
    check(is_input(tensor), "a tensor marked as dirty is not an input of the Function");
    check(!(tensor.requires_grad() && is_leaf(tensor)),
          "a leaf Variable that requires grad has been used in an in-place operation.");
    check(!tensor.is_view() || outputs.size() == 1,
          "If your Function modifies inplace an input that is a view of another Tensor, your "
          "Function cannot return more than one Tensor. This is not supported by the current "
          "autograd engine. You should either make sure the input is not a view (using .clone() "
          "for example) or make your Function only return one Tensor (potentially splitting it "
          "into two Functions: one doing the inplace that returns a single Tensor and a second one "
          "that does the other operations). You can ask on the forum https://discuss.pytorch.org/ "
          "if you need help to do this change.");
    check_inplace(tensor, true);
  }
}

// Puts everything back as it was unless it comes to its end.
class CustomFunction::Finish {
 public:
  Finish(CustomFunction& function, std::span<const Tensor> outputs) : function_(function) {
    for (const Tensor& output : outputs) {
      const bool is_dirty = contains(function_.dirty_, output);
      // An input that is returned as it is stays so, and may be in use by many.
      if (!output.defined() || (function_.is_input(output) && !is_dirty)) continue;
      changes_.emplace_back(output);
      before_.emplace_back(output);
      if (!is_dirty || !output.is_view()) continue;
      const Tensor base(output.impl()->view_base);
      changes_.emplace_back(base);
      before_.emplace_back(base);
    }
    function_.is_finishing_ = true;
    for (const Tensor& tensor : function_.dirty_) tensor.storage().bump_version(kName);
  }
  ~Finish() {
    function_.is_finishing_ = false;
    if (function_.finished_) return;
    for (auto one = before_.rbegin(); one != before_.rend(); ++one) one->restore();
    for (const Tensor& tensor : function_.dirty_) tensor.storage().take_back_bump();
    function_.forget_outputs();
    function_.forget_saved();
    function_.places_.clear();
    function_.output_places_ = 0;
  }
  Finish(const Finish&) = delete;
  Finish& operator=(const Finish&) = delete;

 private:
  static constexpr const char* kName = "a custom function";
  CustomFunction& function_;
  std::vector<Exclusive> changes_;
  std::vector<HistorySnapshot> before_;
};

std::vector<Tensor> CustomFunction::finish(std::span<const Tensor> outputs) {
  check_unfinished();
  for (const auto* list : {&inputs_, &to_save_, &dirty_}) {
    for (const Tensor& tensor : *list) use(tensor, "a tensor of the function");
  }
  check_dirty(outputs);
  std::vector<Tensor> results;
  results.reserve(outputs.size());
  const Ref<Node> alive = Ref<Node>::share(this);  // whatever a pack hook releases
  const Finish finish(*this, outputs);
  output_places_ = outputs.size();
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].defined()) places_.push_back(i);
    results.push_back(outputs[i].defined() ? wrap(outputs[i]) : Tensor());
  }
  // Of several views of one tensor, none may be changed in place.
  const auto differentiable = std::count_if(results.begin(), results.end(), [](const Tensor& one) {
    return one.defined() && one.requires_grad();
  });
  for (const Tensor& result : results) {
    if (differentiable > 1 && result.defined() && result.is_view())
      result.impl()->view_origin = ViewOrigin::kMultiOutput;
  }
  if (recorded_) save();
  finished_ = true;
  inputs_.clear();
  to_save_.clear();
  dirty_.clear();
  non_differentiable_.clear();
  return results;
}

Tensor CustomFunction::wrap(const Tensor& output) {
  const bool modified = contains(dirty_, output);
  if (!recorded_ || contains(non_differentiable_, output) || !is_floating(output.dtype())) {
    Tensor result = wrap_without_history(output, modified);
    if (recorded_) add_output(result);  // the gradients of later outputs keep their numbers
    return result;
  }
  const Ref<Node> self = Ref<Node>::share(this);
  if (modified) {
    const auto input = std::find_if(inputs_.begin(), inputs_.end(),
                                    [&](const Tensor& one) { return one.is_same(output); });
    HistoryChange change(output, true);
    change.prepare(output, self, static_cast<size_t>(input - inputs_.begin()));
    change.commit(output);
    return output;
  }
  Tensor result = output;
  if (is_input(output)) {  // the same tensor cannot have two places in the graph
    const GradMode no_grad(false);
    result = output.alias();
    set_view(result, output);
  }
  set_history(result, self);
  result.impl()->requires_grad = false;
  if (result.is_view()) {
    result.impl()->view_origin = ViewOrigin::kCustomFunction;
    result.impl()->view_version = result.version();  // its history is as new as its elements
  }
  return result;
}

// PyTorch's rules: an input stays as it is, and what the function made of a graph of its own is
// taken out of it.
Tensor CustomFunction::wrap_without_history(const Tensor& output, bool modified) {
  if (!output.requires_grad()) {
    if (!is_input(output) || modified) return output;
    const GradMode no_grad(false);
    Tensor result = output.alias();
    set_view(result, output);
    return result;
  }
  if (is_input(output)) return output.alias();
  if (!output.is_view()) detach_(output);
  return output;
}

void CustomFunction::forget_saved() {
  saved_.clear();
  saved_edges_.clear();
}

void CustomFunction::save() {
  saved_.resize(to_save_.size());
  for (size_t i = 0; i < to_save_.size(); ++i) {
    const Tensor& tensor = to_save_[i];
    const bool is_output =
        tensor.defined() && (tensor.impl()->grad_fn.get() == this || contains(dirty_, tensor));
    is_output ? saved_[i].save_output(tensor) : saved_[i].save(tensor, edge_for(tensor));
  }
}

// Not all that is saved is an input: the forward may save what it computed on its way.
uint32_t CustomFunction::edge_for(const Tensor& saved) {
  const auto shares_memory = [&](const Tensor& dirty) {
    return saved.impl()->storage == dirty.impl()->storage;
  };
  // The history of a view of what is dirty leads here: to keep it would be a cycle.
  if (!saved.defined() || std::any_of(dirty_.begin(), dirty_.end(), shares_memory)) return kNoEdge;
  Edge edge = gradient_edge(saved);
  if (!edge.node) return kNoEdge;
  saved_edges_.push_back(std::move(edge));
  return static_cast<uint32_t>(saved_edges_.size() - 1);
}

Edge CustomFunction::saved_edge(uint32_t number) const {
  return number == kNoEdge ? Edge{} : saved_edges_[number];
}

std::vector<Tensor> CustomFunction::saved_tensors() {
  if (!finished_) return to_save_;
  std::vector<Tensor> tensors;
  for (const SavedTensor& one : saved_) tensors.push_back(one.unpack(*this));
  return tensors;
}

void CustomFunction::release_saved() {
  for (SavedTensor& one : saved_) one.release();
}

void CustomFunction::apply(std::span<const Tensor> gradients, std::span<Tensor> results) {
  std::vector<Tensor> given(output_places_);
  for (size_t i = 0; i < gradients.size(); ++i) {
    const bool fill = materialize_grads_ && !gradients[i].defined();
    given[places_[i]] = fill ? tensor_ops.zeros(output(i)) : gradients[i];
  }
  if (!once_differentiable_) return backward_(*this, given, results);
  {
    const GradMode no_grad(false);
    backward_(*this, given, results);
  }
  for (Tensor& result : results) {
    result = without_derivative(
        result, given,
        "trying to differentiate twice a function that was marked with @once_differentiable");
  }
}

}  // namespace libtensor::autograd
