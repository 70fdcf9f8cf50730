#include "autograd/graph_task.h"

#include <algorithm>

#include "autograd/anomaly.h"
#include "autograd/mode.h"
#include "autograd/tensor_ops.h"
#include "core/thread_local.h"

namespace libtensor::autograd {
namespace {

// The running pass that wants only some gradients, so that nodes can skip the others.
LIBTENSOR_FAST_THREAD_LOCAL GraphTask* pruning_task = nullptr;

class PruningScope {
 public:
  explicit PruningScope(GraphTask* task) : previous_(std::exchange(pruning_task, task)) {}
  ~PruningScope() { pruning_task = previous_; }
  PruningScope(const PruningScope&) = delete;
  PruningScope& operator=(const PruningScope&) = delete;

 private:
  GraphTask* previous_;
};

bool older(const Node* a, const Node* b) { return a->sequence() < b->sequence(); }

// Makes what a derivative returned look like the result that it belongs to.
Tensor fit(const Node& maker, size_t index, Tensor gradient, const OutputMeta& meta) {
  if (gradient.shape() != meta.shape) {
    check(is_expandable_to(meta.shape, gradient.shape()), "Function ", maker.name(),
          " returned an invalid gradient at index ", index, " - got ", gradient.shape(),
          " but expected shape compatible with ", meta.shape);
    gradient = tensor_ops.sum_to(gradient, meta.shape);
  }
  if (gradient.dtype() != meta.dtype) gradient = tensor_ops.to_dtype(gradient, meta.dtype);
  check(gradient.device() == meta.device, "Function ", maker.name(),
        " returned an invalid gradient at index ", index, " - expected device ", meta.device.name(),
        " but got ", gradient.device().name());
  return gradient;
}

Tensor accumulate(Tensor old, const Tensor& incoming) {
  const bool sole_owner = old.impl()->use_count() == 1 && old.impl()->storage->use_count() == 1;
  if (!grad_enabled() && sole_owner && is_non_overlapping(old.shape(), old.strides())) {
    tensor_ops.add_in_place(old, incoming);
    return old;
  }
  return tensor_ops.add(old, incoming);
}

}  // namespace

bool Node::should_compute(size_t edge) const {
  const Ref<Node>& target = edges_[edge].node;
  return target && (!pruning_task || pruning_task->needs(*target));
}

GraphTask::GraphTask(const BackwardOptions& options) : options_(options) {}

GraphTask::~GraphTask() {
  for (Node* node : claimed_) {
    node->state_ = NodeState();
    node->owner_.store(nullptr, std::memory_order_release);
  }
}

NodeState& GraphTask::state(Node& node) {
  const GraphTask* owner = node.owner_.load(std::memory_order_acquire);
  if (owner == this) return node.state_;
  // What is elsewhere stays there, although the pass that held the node may have ended since.
  const bool elsewhere = !elsewhere_.empty() && elsewhere_.contains(&node);
  if (!elsewhere && owner == nullptr && node.owner_.compare_exchange_strong(owner, this)) {
    claimed_.push_back(&node);
    node.state_.runs = captures_.empty();
    return node.state_;
  }
  const auto [found, is_new] = elsewhere_.try_emplace(&node);
  if (is_new) found->second.runs = captures_.empty();
  return found->second;
}

bool GraphTask::needs(Node& node) {
  const NodeState& own = state(node);
  return own.runs || own.first_capture >= 0;
}

void GraphTask::add_root(const Edge& root, const Tensor& gradient) {
  roots_.push_back(root);
  Tensor& sum = state(*root.node).gradient(root.output_nr);
  sum = sum.defined() ? tensor_ops.add(sum, gradient) : gradient;
}

size_t GraphTask::capture(const Edge& edge) {
  const size_t slot = captured_.size();
  captured_.emplace_back();
  captures_.push_back({edge.output_nr, slot, -1});
  kept_.push_back(edge.node);
  NodeState& own = state(*edge.node);
  captures_.back().next = own.first_capture;
  own.first_capture = static_cast<int32_t>(slot);
  return slot;
}

// Depth-first from `root`: counts the edges into each node, and finds which nodes lead to a
// captured one.
void GraphTask::traverse(Node* root) {
  if (state(*root).visited) return;
  state(*root).visited = true;
  std::vector<Frame> path{{root, 0}};
  const bool prunes = !captures_.empty();
  while (!path.empty()) {
    Frame& frame = path.back();
    Node* node = frame.node;
    if (frame.next_edge < node->edges().size()) {
      Node* child = node->edges()[frame.next_edge++].node.get();
      if (!child) continue;
      NodeState& below = state(*child);
      ++below.dependencies;
      if (!below.visited) {
        below.visited = true;
        path.push_back({child, 0});
      } else if (prunes && needs(*child)) {
        state(*node).runs = true;
      }
    } else {
      path.pop_back();
      if (prunes && !path.empty() && needs(*node)) state(*path.back().node).runs = true;
    }
  }
}

void GraphTask::push(Node* node) {
  ready_.push_back(node);
  std::push_heap(ready_.begin(), ready_.end(), older);
}

Node* GraphTask::pop() {
  std::pop_heap(ready_.begin(), ready_.end(), older);
  Node* node = ready_.back();
  ready_.pop_back();
  return node;
}

void GraphTask::run() {
  const GradMode mode(options_.create_graph);
  const PruningScope pruning(captures_.empty() ? nullptr : this);
  for (const Edge& root : roots_) traverse(root.node.get());
  for (const Edge& root : roots_) {
    NodeState& own = state(*root.node);
    if (own.dependencies == 0 && !std::exchange(own.queued, true)) push(root.node.get());
  }
  while (!ready_.empty()) evaluate(*pop());
}

void GraphTask::evaluate(Node& node) {
  NodeState& own = state(node);
  take_captures(own);
  if (!own.runs) return;

  const size_t output_count = node.output_count();
  std::vector<Tensor> several;  // most nodes have one output
  if (output_count > 1) {
    own.others.resize(output_count - 1);
    several.push_back(std::move(own.first));
    std::move(own.others.begin(), own.others.end(), std::back_inserter(several));
  }
  const Tensor single = output_count > 1 ? Tensor() : std::move(own.first);
  const std::span<const Tensor> gradients =
      output_count > 1 ? std::span<const Tensor>(several) : std::span<const Tensor>(&single, 1);

  constexpr size_t kFew = 4;
  Tensor few[kFew];
  std::vector<Tensor> many;
  const size_t edge_count = node.edges().size();
  if (edge_count > kFew) many.resize(edge_count);
  const std::span<Tensor> results(edge_count > kFew ? many.data() : few, edge_count);

  anomaly_enabled() ? apply_watched(node, gradients, results) : node.apply(gradients, results);
  if (!options_.retain_graph && !options_.create_graph) node.release_saved();
  deliver(node, results);
}

void GraphTask::take_captures(NodeState& own) {
  for (int32_t i = own.first_capture; i >= 0; i = captures_[i].next) {
    captured_[captures_[i].slot] = own.gradient(captures_[i].output_nr);
  }
}

void GraphTask::deliver(Node& node, std::span<Tensor> results) {
  for (size_t i = 0; i < results.size(); ++i) {
    const Edge& edge = node.edges()[i];
    if (!edge.node) continue;
    NodeState& below = state(*edge.node);
    if (results[i].defined()) {
      Tensor& sum = below.gradient(edge.output_nr);
      Tensor incoming = fit(node, i, std::move(results[i]), edge.node->output(edge.output_nr));
      sum = sum.defined() ? accumulate(std::move(sum), incoming) : std::move(incoming);
    }
    if (--below.dependencies == 0 && needs(*edge.node)) push(edge.node.get());
  }
}

}  // namespace libtensor::autograd
