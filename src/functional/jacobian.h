// Whole Jacobians and Hessians, row by row.
#pragma once

#include "functional/products.h"

namespace libtensor::functional {

// d outputs[i] / d inputs[j], of shape (output i's shape, input j's shape), at [i * inputs + j].
Tensors jacobian(const Function& function, std::span<const Tensor> inputs, const Options& options);
// The same of the gradient of a function with one output of one element: at [i * inputs + j] the
// derivative of d output / d inputs[i] with respect to inputs[j].
Tensors hessian(const Function& function, std::span<const Tensor> inputs, const Options& options);

}  // namespace libtensor::functional
