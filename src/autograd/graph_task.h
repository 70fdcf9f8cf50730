// One backward pass.
#pragma once

#include <unordered_map>
#include <vector>

#include "autograd/engine.h"
#include "autograd/node.h"

namespace libtensor::autograd {

class GraphTask {
 public:
  explicit GraphTask(const BackwardOptions& options);
  ~GraphTask();
  GraphTask(const GraphTask&) = delete;
  GraphTask& operator=(const GraphTask&) = delete;

  // Asks for the gradient that flows along `edge`; returns its place in captured(). Nodes that lead
  // to no captured edge do not run then. All captures are asked for before the first root is added.
  size_t capture(const Edge& edge);
  // Where the pass starts, and with which gradient.
  void add_root(const Edge& root, const Tensor& gradient);
  const std::vector<Tensor>& captured() const { return captured_; }

  void run();

 private:
  friend class Node;

  struct Capture {
    uint32_t output_nr;
    size_t slot;
    int32_t next;  // another capture at the same node, or -1
  };
  struct Frame {
    Node* node;
    size_t next_edge;
  };

  NodeState& state(Node& node);
  bool needs(Node& node);
  void traverse(Node* root);
  void push(Node* node);
  Node* pop();
  void evaluate(Node& node);
  void take_captures(NodeState& own);
  void deliver(Node& node, std::span<Tensor> results);

  BackwardOptions options_;
  std::vector<Edge> roots_;
  std::vector<Ref<Node>> kept_;  // captured nodes, which the roots may not reach
  std::vector<Node*> claimed_;   // nodes that hold this pass's state; the roots keep them alive
  std::unordered_map<Node*, NodeState> elsewhere_;  // states of nodes that another pass holds
  std::vector<Node*> ready_;                        // a heap, newest node first
  std::vector<Capture> captures_;
  std::vector<Tensor> captured_;
};

}  // namespace libtensor::autograd
