// A vector-Jacobian product that is kept: the function runs once, the product as often as wanted.
#pragma once

#include "functional/function.h"

namespace libtensor::functional {

class Vjp {
 public:
  // Runs `function` on inputs of its own and keeps its graph.
  Vjp(const Function& function, std::span<const Tensor> inputs);

  // With their history, so that the graph can be inspected.
  const Tensors& inputs() const { return inputs_; }
  const Tensors& outputs() const { return outputs_; }
  // v^T J, zeros for an input that no output depends on. v: one for each output; may be empty for
  // one output of one element. With create_graph the products can be differentiated with respect
  // to v, and to inputs().
  Tensors operator()(std::span<const Tensor> v, bool create_graph) const;

 private:
  Tensors inputs_, outputs_;
};

}  // namespace libtensor::functional
