// Runs the graph backward.
#pragma once

#include <functional>
#include <vector>

#include "autograd/node.h"

namespace libtensor::autograd {

class CancelToken;

struct BackwardOptions {
  bool retain_graph = false;  // keep what nodes have saved, so that backward can run again
  bool create_graph = false;  // record the backward pass itself
  bool allow_unused =
      false;  // grad(): an input that no output depends on gets an undefined gradient
  bool materialize_grads = false;  // grad(): it gets zeros
  const CancelToken* cancel = nullptr;
};

// Adds d outputs / d leaf to the grad of every leaf, or only of `inputs` (where there are any),
// which then need not be leaves.
// gradients: one per output, undefined for ones (then the output must have one element); or empty.
void backward(std::span<const Tensor> outputs, std::span<const Tensor> gradients,
              std::span<const Tensor> inputs, const BackwardOptions& options);

// Returns d outputs / d input for each of `inputs` and touches no grad.
std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                         std::span<const Tensor> gradients, const BackwardOptions& options);

// The same from places in the graph, to places in it. Every edge must have a node.
void backward_edges(std::span<const Edge> roots, std::span<const Tensor> gradients,
                    std::span<const Tensor> inputs, const BackwardOptions& options);
std::vector<Tensor> grad_edges(std::span<const Edge> outputs, std::span<const Edge> inputs,
                               std::span<const Tensor> gradients, const BackwardOptions& options);

// Has `callback` called at the end of the backward pass that runs on this thread. Throws where none
// does.
void queue_callback(std::function<void()> callback);

}  // namespace libtensor::autograd
