#include "autograd/graph_task.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <thread>

#include "autograd/anomaly.h"
#include "autograd/cancel.h"
#include "autograd/hooks.h"
#include "autograd/mode.h"
#include "autograd/tensor_ops.h"
#include "autograd/thread_state.h"
#include "core/single_threaded.h"
#include "core/thread_local.h"

namespace libtensor::autograd {
namespace {

// The innermost pass that this thread runs.
constexpr ThreadPointer<GraphTask, ThreadWord::kCurrentTask> current_task;

std::atomic<uint64_t> last_id{0};

// A pass within a pass runs on the same stack, up to this many; the next gets a stack of its own.
// PyTorch's number.
constexpr int kMaxDepth = 60;
constexpr const char* kGradient = "a gradient";  // in messages
// Where less than this is left of the stack, it gets one earlier: a level needs some 4 KiB, and its
// kernels more.
constexpr uintptr_t kLeastStack = 40 << 10;

// Of a stack that is not the thread's own nothing is known. The first thread's is large.
bool stack_is_short() {
  pthread_attr_t attributes;
  if (gettid() == getpid() || pthread_getattr_np(pthread_self(), &attributes) != 0) return false;
  void* lowest = nullptr;
  size_t size = 0;
  pthread_attr_getstack(&attributes, &lowest, &size);
  pthread_attr_destroy(&attributes);
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  return here - reinterpret_cast<uintptr_t>(lowest) < kLeastStack;
}

class CurrentTask {
 public:
  explicit CurrentTask(GraphTask* task) : previous_(current_task) { current_task = task; }
  ~CurrentTask() { current_task = previous_; }
  CurrentTask(const CurrentTask&) = delete;
  CurrentTask& operator=(const CurrentTask&) = delete;

 private:
  GraphTask* previous_;
};

bool older(const Node* a, const Node* b) { return a->sequence() < b->sequence(); }

// Where a gradient comes from, for messages: the node that returned it, or the caller.
std::string whose(const Node* maker) {
  return maker ? str("Function ", maker->name(), " returned an ") : std::string();
}

// Makes what a derivative returned, or the caller gave, look like the result that it belongs to.
// From another device only a number may come, as in PyTorch.
Tensor fit(const Node* maker, size_t index, Tensor gradient, const OutputMeta& meta) {
  if (gradient.shape() != meta.shape) {
    if (!is_expandable_to(meta.shape, gradient.shape()))
      fail(Status::kInvalidArgument, whose(maker), "invalid gradient at index ", index, " - got ",
           gradient.shape(), " but expected shape compatible with ", meta.shape);
    gradient = tensor_ops.sum_to(gradient, meta.shape);
  }
  if (gradient.dtype() == meta.dtype && gradient.device() == meta.device) return gradient;
  if (gradient.device() != meta.device && gradient.ndim() > 0)
    fail(Status::kInvalidArgument, whose(maker), "invalid gradient at index ", index,
         " - expected device ", meta.device, " but got ", gradient.device());
  return tensor_ops.to(gradient, meta.dtype, meta.device);
}

// A gradient may be shared with other nodes and with the program, whose callbacks may have changed
// its shape or dtype in place since it was made to fit.
void check_unchanged(const Node& node, std::span<const Tensor> gradients) {
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) continue;
    const Tensor& gradient = gradients[i];
    const OutputMeta& meta = node.output(i);
    if (gradient.shape() == meta.shape && gradient.dtype() == meta.dtype &&
        gradient.device() == meta.device) [[likely]]
      continue;
    fail(Status::kInvalidArgument, "the gradient of output ", i, " of ", node.name(),
         " was changed by a callback: it has shape ", gradient.shape(), " and dtype ",
         name_of(gradient.dtype()), ", but ", meta.shape, " and ", name_of(meta.dtype),
         " are expected");
  }
}

void fit_all(const Node& maker, std::span<Tensor> results) {
  for (size_t i = 0; i < results.size(); ++i) {
    const Edge& edge = maker.edges()[i];
    if (edge.node && results[i].defined())
      results[i] = fit(&maker, i, std::move(results[i]), edge.node->output(edge.output_nr));
  }
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
  return target && (!current_task || !current_task->prunes_ || current_task->needs(*target));
}

GraphTask* GraphTask::current() { return current_task; }

bool GraphTask::is_partial() const {
  const GraphTask* pass = this;
  while (pass && !pass->prunes_) pass = pass->parent_;
  return pass != nullptr;
}

GraphTask::GraphTask(const BackwardOptions& options)
    : options_(options),
      id_(fetch_add(last_id, 1, std::memory_order_relaxed) + 1),
      parent_(current_task),
      depth_(parent_ ? parent_->depth_ + 1 : 0),
      cancellable_(options.cancel || (parent_ && parent_->cancellable_)) {}

GraphTask::~GraphTask() {
  for (Node* node : claimed_) {
    node->state_ = NodeState();
    node->owner_.store(nullptr, std::memory_order_release);
  }
}

NodeState& GraphTask::state(Node& node) {
  const GraphTask* owner = node.owner_.load(std::memory_order_acquire);
  if (owner == this) return node.state_;
  // A node that another pass held when this one first met it stays elsewhere, although it may be
  // free by now.
  const bool is_new_here = elsewhere_.empty() || !elsewhere_.contains(&node);
  if (owner == nullptr && is_new_here &&
      compare_exchange(node.owner_, owner, this, std::memory_order_acq_rel)) {
    claimed_.push_back(&node);
    return prepare(node.state_);
  }
  const auto [found, is_new] = elsewhere_.try_emplace(&node);
  return is_new ? prepare(found->second) : found->second;
}

NodeState& GraphTask::prepare(NodeState& fresh) {
  fresh.runs = !prunes_;
  return fresh;
}

bool GraphTask::needs(Node& node) {
  const NodeState& own = state(node);
  return own.runs || own.first_capture >= 0;
}

void GraphTask::add_root(const Edge& root, const Tensor& given) {
  const OutputMeta& meta = root.node->output(root.output_nr);
  const Tensor gradient = given.defined() ? fit(nullptr, roots_.size(), given, meta) : given;
  roots_.push_back(root);
  streams_.hand_over(gradient, meta.stream);
  const StreamGuard guard(meta.device, meta.stream);
  Tensor& sum = state(*root.node).gradient(root.output_nr);
  sum = sum.defined() ? tensor_ops.add(sum, gradient) : gradient;
}

size_t GraphTask::capture(const Edge& edge) {
  prunes_ = true;
  const size_t slot = captured_.size();
  captured_.emplace_back();
  captures_.push_back({edge.output_nr, slot, -1});
  if (!edge.node) return slot;
  kept_.push_back(edge.node);
  NodeState& own = state(*edge.node);
  captures_.back().next = own.first_capture;
  own.first_capture = static_cast<int32_t>(slot);
  return slot;
}

void GraphTask::require(const Ref<Node>& node) {
  prunes_ = true;
  kept_.push_back(node);
  state(*node).runs = true;
}

// Counts the edges into each node that `root` leads to.
void GraphTask::traverse(Node* root) {
  if (std::exchange(state(*root).visited, true)) return;
  std::vector<Node*> found{root};
  while (!found.empty()) {
    const Node* node = found.back();
    found.pop_back();
    for (const Edge& edge : node->edges()) {
      if (!edge.node) continue;
      NodeState& below = state(*edge.node);
      ++below.dependencies;
      if (!std::exchange(below.visited, true)) found.push_back(edge.node.get());
    }
  }
}

// The same, depth-first, which also finds the nodes that lead to what was asked for.
void GraphTask::traverse_pruning(Node* root) {
  struct Frame {
    Node* node;
    size_t next_edge;
  };
  if (std::exchange(state(*root).visited, true)) return;
  std::vector<Frame> path{{root, 0}};
  while (!path.empty()) {
    Frame& frame = path.back();
    Node* node = frame.node;
    if (frame.next_edge < node->edges().size()) {
      Node* child = node->edges()[frame.next_edge++].node.get();
      if (!child) continue;
      NodeState& below = state(*child);
      ++below.dependencies;
      if (!std::exchange(below.visited, true)) {
        path.push_back({child, 0});
      } else if (needs(*child)) {
        state(*node).runs = true;
      }
    } else {
      path.pop_back();
      if (!path.empty() && needs(*node)) state(*path.back().node).runs = true;
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
  const bool needs_stack = depth_ > 0 && (depth_ % kMaxDepth == 0 || stack_is_short());
  needs_stack ? run_on_a_fresh_stack() : run_here();
}

// On a thread of its own, for which this one waits: so passes may nest as deep as memory lasts.
void GraphTask::run_on_a_fresh_stack() {
  const ThreadState here = ThreadState::get();
  std::exception_ptr error;
  std::thread other([&] {
    try {
      here.set();
      const CurrentTask current(parent_);
      run_here();
    } catch (...) {
      error = std::current_exception();
    }
    here.leave();
  });
  other.join();
  here.resume();
  if (error) std::rethrow_exception(error);
}

void GraphTask::run_here() {
  const GradMode mode(options_.create_graph);
  const CurrentTask current(this);
  for (const Edge& root : roots_) {
    prunes_ ? traverse_pruning(root.node.get()) : traverse(root.node.get());
  }
  for (const Edge& root : roots_) {
    NodeState& own = state(*root.node);
    if (own.dependencies == 0 && !std::exchange(own.queued, true)) push(root.node.get());
  }
  run_ready();
  hand_back();
  run_callbacks();
}

void GraphTask::run_ready() {
  try {
    while (!ready_.empty()) {
      if (cancellable_) stop_if_cancelled();
      evaluate(*pop());
    }
  } catch (...) {
    streams_.join();  // what was added to gradients until then is there to be seen
    throw;
  }
}

void GraphTask::hand_back() {
  streams_.join();
  for (const Tensor& gradient : captured_) {
    if (gradient.defined()) streams_.leave(gradient);
  }
}

void GraphTask::stop_if_cancelled() const {
  for (const GraphTask* task = this; task; task = task->parent_) {
    check_as(Status::kCancelled, !task->options_.cancel || !task->options_.cancel->cancelled(),
             "backward was cancelled");
  }
}

void GraphTask::queue_callback(std::function<void()> callback) {
  callbacks_.push_back(std::move(callback));
}

// A callback may queue others.
void GraphTask::run_callbacks() {
  for (size_t i = 0; i < callbacks_.size(); ++i) {
    const auto callback = std::move(callbacks_[i]);
    callback();
  }
}

// A group that is not known yet was registered since the last count, or there was none.
GraphTask::HookGroup& GraphTask::hook_group(const std::shared_ptr<const void>& name) {
  if (!hook_groups_.contains(name.get())) count_hook_groups();
  HookGroup& group = hook_groups_[name.get()];
  group.name = name;
  return group;
}

void GraphTask::count_hook_groups() {
  std::vector<const void*> found;
  const auto append = [&](const Node& node, const NodeState& own) {
    const bool takes_part = own.visited && (own.runs || own.first_capture >= 0);
    if (takes_part && node.hooked()) node.append_hook_groups(found);
  };
  for (const Node* node : claimed_) append(*node, node->state_);
  for (const auto& [node, own] : elsewhere_) append(*node, own);
  std::erase_if(found, [&](const void* group) { return hook_groups_.contains(group); });
  for (const void* group : found) ++hook_groups_[group].expected;
}

void GraphTask::evaluate(Node& node) {
  NodeState& own = state(node);
  const size_t output_count = node.output_count();
  const OutputMeta& meta = node.output(0);
  streams_.use(meta.device, meta.stream);
  const StreamGuard guard(meta.device, meta.stream);
  if (output_count <= 1) {  // nearly all
    Tensor single = std::move(own.first);
    evaluate(node, own, {&single, 1});
    return;
  }
  std::vector<Tensor> several(output_count);
  for (size_t i = 0; i < output_count; ++i) {
    several[i] = std::move(own.gradient(static_cast<uint32_t>(i)));
  }
  evaluate(node, own, several);
}

void GraphTask::evaluate(Node& node, NodeState& own, std::span<Tensor> gradients) {
  const bool hooked = node.hooked();
  // PyTorch's order: what is asked for is taken before the hooks of the tensor where the node will
  // run, else after them.
  if (hooked && !own.runs) node.run_tensor_hooks(gradients);
  take_captures(own, gradients);
  if (!own.runs) return;
  if (hooked) {
    node.run_tensor_hooks(gradients);
    if (node.hooks()) run_hooks(node.hooks()->before, gradients);
  }

  check_unchanged(node, gradients);
  const UseScope scope;
  for (const Tensor& gradient : gradients) use(gradient, kGradient);

  constexpr size_t kFew = 4;
  Tensor few[kFew];
  std::vector<Tensor> many;
  const size_t edge_count = node.edges().size();
  if (edge_count > kFew) many.resize(edge_count);
  const std::span<Tensor> results(edge_count > kFew ? many.data() : few, edge_count);

  const bool shown_after = hooked && node.hooks() && !node.hooks()->after.empty();
  const std::vector<Tensor> given(gradients.begin(),
                                  shown_after ? gradients.end() : gradients.begin());
  anomaly_enabled() ? apply_watched(node, gradients, results) : node.apply(gradients, results);
  if (!options_.retain_graph && !options_.create_graph) node.release_saved();
  if (shown_after) {
    fit_all(node, results);
    run_hooks(node.hooks()->after, results, given);
  }
  for (const Tensor& result : results) use(result, kGradient);
  deliver(node, results);
}

void GraphTask::take_captures(const NodeState& own, std::span<const Tensor> gradients) {
  for (int32_t i = own.first_capture; i >= 0; i = captures_[i].next) {
    captured_[captures_[i].slot] = gradients[captures_[i].output_nr];
  }
}

void GraphTask::add_gradient(NodeState& own, const Edge& edge, Tensor incoming) {
  const OutputMeta& meta = edge.node->output(edge.output_nr);
  streams_.hand_over(incoming, meta.stream);
  Tensor& sum = own.gradient(edge.output_nr);
  if (!sum.defined()) {
    sum = std::move(incoming);
    return;
  }
  const StreamGuard guard(meta.device, meta.stream);
  sum = accumulate(std::move(sum), incoming);
}

void GraphTask::deliver(Node& node, std::span<Tensor> results) {
  for (size_t i = 0; i < results.size(); ++i) {
    const Edge& edge = node.edges()[i];
    if (!edge.node) continue;
    NodeState& below = state(*edge.node);
    if (results[i].defined()) {
      const OutputMeta& meta = edge.node->output(edge.output_nr);
      add_gradient(below, edge, fit(&node, i, std::move(results[i]), meta));
    }
    if (--below.dependencies == 0 && needs(*edge.node)) push(edge.node.get());
  }
}

}  // namespace libtensor::autograd
