// Functions of tensors to tensors, and what everything that is given one has in common.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace libtensor::functional {

using Tensors = std::vector<Tensor>;
using Function = std::function<Tensors(std::span<const Tensor>)>;

// Inputs of their own for one call of a function: so an input that the function also reaches by
// another way (a captured variable) does not count there. With `create_graph`, an input with a
// history keeps it; any other starts one where `requires_grad`.
Tensors fresh_inputs(std::span<const Tensor> inputs, bool create_graph, bool requires_grad);

// As autograd::grad, but an output without a history is passed over, and an input that no output
// depends on has an undefined gradient. grad_outputs: one for each output, or none at all.
Tensors gradients(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                  std::span<const Tensor> grad_outputs, bool create_graph,
                  bool retain_graph = false);

// 1 at the element `place`, counted in row-major order, 0 elsewhere.
Tensor unit_vector(const Tensor& like, int64_t place);

Tensors detached(const Tensors& tensors);

// torch.Size([2, 3]), as Python prints it.
std::string size_text(const Tensor& tensor);

}  // namespace libtensor::functional
