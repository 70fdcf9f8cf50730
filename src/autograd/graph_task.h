// One backward pass.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "autograd/engine.h"
#include "autograd/node.h"
#include "autograd/streams.h"

namespace libtensor::autograd {

class GraphTask {
 public:
  explicit GraphTask(const BackwardOptions& options);
  ~GraphTask();
  GraphTask(const GraphTask&) = delete;
  GraphTask& operator=(const GraphTask&) = delete;

  // The pass that this thread runs, the innermost one of several; or null.
  static GraphTask* current();

  // Of each pass another.
  uint64_t id() const { return id_; }

  // Asks for the gradient that flows along `edge`, which is none where it leads to no node; returns
  // its place in captured(). Nodes that lead to nothing that was asked for do not run then. To be
  // called before the first root is added.
  size_t capture(const Edge& edge);
  // Asks that `node` runs, with the same effect on others.
  void require(const Ref<Node>& node);
  // Only nodes that lead to what was asked for will run.
  void prune() { prunes_ = true; }
  // Does this pass, or one that it runs within, compute only some gradients?
  bool is_partial() const;
  // Where the pass starts, and with which gradient.
  void add_root(const Edge& root, const Tensor& given);
  const std::vector<Tensor>& captured() const { return captured_; }

  // Throws what a node or a callback throws, and where the pass is cancelled.
  void run();
  const PassStreams& streams() const { return streams_; }
  // Has `callback` called when the pass is done.
  void queue_callback(std::function<void()> callback);
  // What this pass knows of the hooks of one group.
  struct HookGroup {
    std::shared_ptr<const void> name;
    size_t expected = 0;  // gradients with such a hook that the pass computes
    size_t arrived = 0;
    std::vector<Tensor> gradients;
    std::vector<StreamId> streams;  // that these were made in
  };
  HookGroup& hook_group(const std::shared_ptr<const void>& name);

 private:
  friend class Node;

  struct Capture {
    uint32_t output_nr;
    size_t slot;
    int32_t next;  // another capture at the same node, or -1
  };

  NodeState& state(Node& node);
  NodeState& prepare(NodeState& fresh);
  bool needs(Node& node);
  void run_here();
  void run_on_a_fresh_stack();
  void traverse(Node* root);
  void traverse_pruning(Node* root);
  void push(Node* node);
  Node* pop();
  void evaluate(Node& node);
  void evaluate(Node& node, NodeState& own, std::span<Tensor> gradients);
  void take_captures(const NodeState& own, std::span<const Tensor> gradients);
  void deliver(Node& node, std::span<Tensor> results);
  void add_gradient(NodeState& own, const Edge& edge, Tensor incoming);
  void run_ready();
  void hand_back();
  void stop_if_cancelled() const;
  void run_callbacks();
  void count_hook_groups();

  BackwardOptions options_;
  uint64_t id_;
  GraphTask* parent_ = nullptr;  // the pass that this one runs within
  int depth_ = 0;                // how many passes this one runs within
  bool cancellable_ = false;
  bool prunes_ = false;  // only nodes that lead to what was asked for run
  std::vector<Edge> roots_;
  std::vector<Ref<Node>> kept_;  // nodes asked for, which the roots may not reach
  std::vector<Node*> claimed_;   // nodes that hold this pass's state; the roots keep them alive
  std::unordered_map<Node*, NodeState> elsewhere_;  // states of nodes that another pass holds
  std::vector<Node*> ready_;                        // a heap, newest node first
  std::vector<Capture> captures_;
  std::vector<Tensor> captured_;
  std::vector<std::function<void()>> callbacks_;
  std::unordered_map<const void*, HookGroup> hook_groups_;
  PassStreams streams_;
};

}  // namespace libtensor::autograd
