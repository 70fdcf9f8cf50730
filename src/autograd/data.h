// A tensor's elements apart from its place in the graph: PyTorch's `.data`.
#pragma once

#include "core/tensor.h"

namespace libtensor::autograd {

// The same elements in a tensor that requires no grad, with a version of its own: changes of it are
// not noticed where the elements were saved.
Tensor variable_data(const Tensor& tensor);
// Gives `tensor` the elements, shape, dtype and device of `data`, with which it shares the memory
// from then on. Its version, history, grad and hooks stay what they are. Throws where it requires
// grad and `data` cannot.
void set_data(const Tensor& tensor, const Tensor& data);

}  // namespace libtensor::autograd
