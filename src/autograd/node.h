// A node of the graph: the function that turns the gradients of an operation's results into those
// of its inputs.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "autograd/mode.h"
#include "core/device_runtime.h"
#include "core/tensor.h"
#include "core/thread_local.h"

namespace libtensor::autograd {

class Node;
class GraphTask;
struct NodeHooks;
class SavedTensor;
// Is told of each tensor that a node keeps, and its name: "self", "result".
using SavedVisitor = std::function<void(const char* name, const SavedTensor& saved)>;

// Where a gradient goes: output `output_nr` of the operation that `node` is the derivative of.
struct Edge {
  Ref<Node> node;
  uint32_t output_nr = 0;
};

constexpr uint32_t kNoEdge = static_cast<uint32_t>(-1);

// What a gradient must look like: that of the result it belongs to.
struct OutputMeta {
  Dims shape;
  DType dtype = DType::kUndefined;
  Device device;
  StreamId stream = 0;  // that was current on the device when the result was made

  explicit OutputMeta(const Tensor& result)
      : shape(result.shape()), dtype(result.dtype()), device(result.device()) {
    if (!device.is_cpu()) [[unlikely]]
      stream = runtime_for(device).current_stream();
  }
};

// A node's part in one running backward pass.
struct NodeState {
  int32_t dependencies = 0;    // edges into the node whose gradients have not arrived
  int32_t first_capture = -1;  // into GraphTask's list of captures
  bool visited = false;
  bool queued = false;  // a root that was put among the ready nodes
  bool runs = true;     // some node below is needed
  Tensor first;         // gradient of output 0, the only one nearly everywhere
  std::unique_ptr<std::vector<Tensor>> others;  // gradients of outputs 1, 2, ...

  Tensor& gradient(uint32_t output_nr) {
    if (output_nr == 0) return first;
    if (!others) others = std::make_unique<std::vector<Tensor>>();
    if (others->size() < output_nr) others->resize(output_nr);
    return (*others)[output_nr - 1];
  }
};

class Node : public GraphNode {
 public:
  // gradients: one per output, undefined where none arrived. results: one per edge, to be filled
  // where should_compute(edge).
  virtual void apply(std::span<const Tensor> gradients, std::span<Tensor> results) = 0;
  // Drops what was saved for apply, which cannot run again then.
  virtual void release_saved() {}
  virtual void visit_saved(const SavedVisitor&) const {}
  // Of the node itself, without what it has saved.
  virtual size_t bytes() const = 0;

  std::span<const Edge> edges() const { return {edges_, edge_count_}; }
  // Does anybody want results[edge]?
  bool should_compute(size_t edge) const;
  void set_edge(size_t edge, Edge target) { edges_[edge] = std::move(target); }
  // Leads edge number `edge` of a new node to where the gradient of `input` belongs.
  void connect(size_t edge, const Tensor& input);

  // Gives `saved`, an alias of result number `output_nr` of this operation, its history back.
  virtual void reattach(Tensor& saved, uint32_t output_nr);
  // Where the gradient of a saved tensor goes: nowhere for kNoEdge.
  virtual Edge saved_edge(uint32_t number) const {
    return number == kNoEdge ? Edge{} : edges_[number];
  }
  Ref<GraphNode> epitaph() const override;
  // The node that this one works inside of, or null: then that one stands in the graph.
  Node* enclosing() const { return enclosing_; }
  void set_enclosing(Node* node) { enclosing_ = node; }

  // Gives what was set by hooks of tensors, whose gradients these are, a say.
  virtual void run_tensor_hooks(std::span<Tensor> gradients);
  // The groups of those hooks (HookList::append_groups).
  virtual void append_hook_groups(std::vector<const void*>& groups) const;
  // Is there anything for the engine to run besides apply?
  bool hooked() const { return hooked_.load(std::memory_order_acquire); }
  void set_hooked() { hooked_.store(true, std::memory_order_release); }
  // Null while the node has none.
  NodeHooks* hooks() const { return hooks_.load(std::memory_order_acquire); }
  NodeHooks& make_hooks();

  uint64_t sequence() const { return sequence_; }
  // Adds an output that looks like `result`; returns its number.
  uint32_t add_output(const Tensor& result) {
    if (has_output_) return add_further_output(result);
    new (&first_output_) OutputMeta(result);
    has_output_ = true;
    return 0;
  }
  void forget_outputs() {
    if (has_output_) first_output_.~OutputMeta();
    has_output_ = false;
    more_outputs_.reset();
  }
  size_t output_count() const { return has_output_ + (more_outputs_ ? more_outputs_->size() : 0); }
  const OutputMeta& output(size_t nr) const {
    return nr == 0 ? first_output_ : (*more_outputs_)[nr - 1];
  }

 protected:
  // The next number in the order of this thread's nodes: backward runs the newest first, as in
  // PyTorch.
  static uint64_t take_sequence() { return next_sequence++; }
  Node(Edge* edges, size_t edge_count, uint64_t sequence = take_sequence())
      : sequence_(sequence), edges_(edges), edge_count_(static_cast<uint32_t>(edge_count)) {
    if (anomaly_enabled()) [[unlikely]]
      note_origin();
  }
  ~Node() override;
  void dispose() final;

  void move_edges(Edge* edges, size_t edge_count) {
    edges_ = edges;
    edge_count_ = static_cast<uint32_t>(edge_count);
  }

 private:
  friend class GraphTask;

  static LIBTENSOR_FAST_THREAD_LOCAL uint64_t next_sequence;
  [[gnu::cold]] void note_origin();
  uint32_t add_further_output(const Tensor& result);

  uint64_t sequence_;
  Edge* edges_;
  uint32_t edge_count_;
  bool has_output_ = false;
  std::atomic<bool> hooked_{false};
  bool has_origin_ = false;    // anomaly.h knows where it was recorded
  Node* enclosing_ = nullptr;  // owns this node; once nobody does: the next to be deleted
  union {
    OutputMeta first_output_;  // alive once has_output_
  };
  std::unique_ptr<std::vector<OutputMeta>> more_outputs_;
  std::atomic<NodeHooks*> hooks_{nullptr};
  // A backward pass keeps its state in the node itself; one that meets a node that another pass
  // holds (another thread, or a pass within a pass) keeps a state of its own elsewhere.
  std::atomic<const GraphTask*> owner_{nullptr};
  NodeState state_;
};

// What PyTorch's messages call the operation of a node: "Mul" for MulBackward0, "Fill2" for
// FillBackward2, torch::autograd::CopySlices.
std::string operation_name(const char* node_name);

// A node with N edges, all in one block from the pool.
template <class Derived, size_t N>
class FixedNode : public Node, public Pooled<Derived> {
 public:
  FixedNode() : Node(storage_.data(), N) {}
  explicit FixedNode(uint64_t sequence) : Node(storage_.data(), N, sequence) {}
  size_t bytes() const override { return sizeof(Derived); }

 private:
  std::array<Edge, N> storage_;
};

// Stands where the node of that name was.
class FormerNode final : public FixedNode<FormerNode, 0> {
 public:
  explicit FormerNode(std::string name) : FixedNode(0), name_(std::move(name)) {}
  const char* name() const override { return name_.c_str(); }
  void apply(std::span<const Tensor>, std::span<Tensor>) override {}

 private:
  std::string name_;
};

// A node whose number of edges is known only at run time (cat, stack).
template <class Derived>
class ListNode : public Node, public Pooled<Derived> {
 public:
  ListNode() : Node(nullptr, 0) {}
  size_t bytes() const override { return sizeof(Derived) + storage_.capacity() * sizeof(Edge); }
  void set_edge_count(size_t count) {
    storage_.resize(count);
    move_edges(storage_.data(), count);
  }

 private:
  std::vector<Edge> storage_;
};

}  // namespace libtensor::autograd
