#include "autograd/node.h"

#include <new>
#include <string_view>
#include <utility>

#include "autograd/anomaly.h"
#include "autograd/history.h"
#include "autograd/hooks.h"
#include "autograd/mode.h"
#include "core/thread_local.h"

namespace libtensor::autograd {

LIBTENSOR_FAST_THREAD_LOCAL bool grad_enabled_flag = true;
LIBTENSOR_FAST_THREAD_LOCAL bool grad_mode_flag = true;

namespace {

// Nodes waiting to be deleted on this thread. Deleting a node drops its edges and saved tensors,
// and with them the nodes below; those queue up here instead of recursing, so that a graph of any
// depth needs a flat stack. They are linked through themselves: what is deleted cannot ask for
// memory.
struct Graveyard {
  Node* first = nullptr;
};
LIBTENSOR_FAST_THREAD_LOCAL Graveyard* graveyard = nullptr;

}  // namespace

LIBTENSOR_FAST_THREAD_LOCAL uint64_t Node::next_sequence = 0;

void Node::note_origin() {
  remember_origin(*this);
  has_origin_ = true;
}

Node::~Node() {
  delete hooks();
  if (has_origin_) [[unlikely]]
    forget_origin(*this);
  if (has_output_) first_output_.~OutputMeta();
}

void Node::dispose() {
  if (Graveyard* const opened = graveyard) {
    enclosing_ = std::exchange(opened->first, this);
    return;
  }
  Graveyard own;
  graveyard = &own;
  delete this;
  while (Node* const node = own.first) {
    own.first = node->enclosing_;
    delete node;
  }
  graveyard = nullptr;
}

NodeHooks& Node::make_hooks() {
  std::lock_guard lock(hook_mutex());
  if (!hooks()) hooks_.store(new NodeHooks, std::memory_order_release);
  set_hooked();
  return *hooks();
}

void Node::run_tensor_hooks(std::span<Tensor> gradients) {
  if (hooks()) hooks()->run(gradients);
}

void Node::append_hook_groups(std::vector<const void*>& groups) const {
  if (hooks()) hooks()->append_groups(groups);
}

void Node::connect(size_t edge, const Tensor& input) {
  if (input.defined()) new (&edges_[edge]) Edge(gradient_edge(input));  // the old one was empty
}

Ref<GraphNode> Node::epitaph() const { return Ref<FormerNode>::adopt(new FormerNode(name())); }

void Node::reattach(Tensor& saved, uint32_t output_nr) {
  saved.impl()->grad_fn = Ref<Node>::share(this);
  saved.impl()->output_nr = output_nr;
}

uint32_t Node::add_further_output(const Tensor& result) {
  if (!more_outputs_) more_outputs_ = std::make_unique<std::vector<OutputMeta>>();
  more_outputs_->emplace_back(result);
  return static_cast<uint32_t>(more_outputs_->size());
}

std::string operation_name(const char* node_name) {
  constexpr std::string_view kSuffix = "Backward";
  const std::string name = node_name;
  const size_t at = name.rfind(kSuffix);
  if (at == std::string::npos ||
      name.find_first_not_of("0123456789", at + kSuffix.size()) != std::string::npos)
    return "torch::autograd::" + name;
  const std::string number = name.substr(at + kSuffix.size());
  return name.substr(0, at) + (number == "0" ? "" : number);
}

}  // namespace libtensor::autograd
