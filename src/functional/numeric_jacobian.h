// Derivatives by central differences.
#pragma once

#include "functional/function.h"

namespace libtensor::functional {

// For each output the matrix [elements of input number `index`, elements of the output] of
// (f(x + eps) - f(x - eps)) / (2 eps). Every call of the function gets copies of the inputs.
Tensors numeric_jacobian(const Function& function, std::span<const Tensor> inputs, size_t index,
                         double eps);

// For each output the product of that matrix, transposed, with `direction`, flat: the function is
// called twice only.
Tensors numeric_product(const Function& function, std::span<const Tensor> inputs, size_t index,
                        const Tensor& direction, double eps);

}  // namespace libtensor::functional
