#include "functional/function.h"

#include "autograd/engine.h"
#include "autograd/history.h"
#include "core/error.h"
#include "ops/formulas.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/views.h"

namespace libtensor::functional {

Tensors fresh_inputs(std::span<const Tensor> inputs, bool create_graph, bool requires_grad) {
  Tensors fresh;
  for (const Tensor& input : inputs) {
    if (create_graph && input.requires_grad()) {
      fresh.push_back(ops::view(input, input.shape()));
    } else {
      fresh.push_back(ops::detach(input));
      if (requires_grad) autograd::set_requires_grad(fresh.back(), true);
    }
  }
  return fresh;
}

Tensors gradients(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                  std::span<const Tensor> grad_outputs, bool create_graph, bool retain_graph) {
  check(grad_outputs.empty() || grad_outputs.size() == outputs.size(), "got ", outputs.size(),
        " tensors and ", grad_outputs.size(), " gradients");
  Tensors roots, seeds;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].defined() || !outputs[i].requires_grad()) continue;
    roots.push_back(outputs[i]);
    seeds.push_back(grad_outputs.empty() ? Tensor() : grad_outputs[i]);
  }
  if (roots.empty()) return Tensors(inputs.size());
  autograd::BackwardOptions options;
  options.retain_graph = retain_graph;
  options.create_graph = create_graph;
  options.allow_unused = true;
  return autograd::grad(roots, inputs, seeds, options);
}

Tensor unit_vector(const Tensor& like, int64_t place) {
  const Tensor unit = ops::zeros_of(like.shape(), like);
  ops::fill_(ops::as_strided(unit, {}, {}, place), Scalar(1.0));
  return unit;
}

Tensors detached(const Tensors& tensors) {
  Tensors result;
  for (const Tensor& tensor : tensors) {
    result.push_back(tensor.requires_grad() ? ops::detach(tensor) : tensor);
  }
  return result;
}

std::string size_text(const Tensor& tensor) { return str("torch.Size(", tensor.shape(), ")"); }

}  // namespace libtensor::functional
