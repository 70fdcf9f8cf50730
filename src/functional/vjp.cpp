#include "functional/vjp.h"

#include "autograd/mode.h"
#include "functional/strict.h"

namespace libtensor::functional {

Vjp::Vjp(const Function& function, std::span<const Tensor> inputs) {
  const autograd::GradMode mode(true);
  inputs_ = fresh_inputs(inputs, true, true);
  outputs_ = function(inputs_);
}

Tensors Vjp::operator()(std::span<const Tensor> v, bool create_graph) const {
  if (v.empty()) {
    check_scalar_output(outputs_);
  } else {
    check_vector(v, outputs_);
  }
  Tensors products = fill_in_zeros(gradients(outputs_, inputs_, v, create_graph, true), inputs_,
                                   false, create_graph, Stage::kBack);
  return create_graph ? products : detached(products);
}

}  // namespace libtensor::functional
