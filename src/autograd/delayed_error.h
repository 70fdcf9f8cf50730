// A derivative that is not known stands in the graph as an error.
#pragma once

#include <span>

#include "core/tensor.h"

namespace libtensor::autograd {

// `result`, computed of `inputs`, as a tensor whose derivative fails with `message`, which lives
// for ever; itself, where nothing is recorded. PyTorch calls the node DelayedError.
Tensor without_derivative(const Tensor& result, std::span<const Tensor> inputs,
                          const char* message);

}  // namespace libtensor::autograd
