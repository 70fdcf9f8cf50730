// Derivatives by central differences.
#pragma once

#include "functional/gradcheck_compare.h"

namespace libtensor::functional {

// For each output the matrix [elements of input number `index`, elements of the output] of
// (f(x + eps) - f(x - eps)) / (2 eps). As in PyTorch, the input itself is moved, in place and
// without raising its version, so that a function that reaches it in another way sees that too; it
// is put back after each call, whatever that does.
Tensors numeric_jacobian(const CheckedCall& call, size_t index, double eps);

// For each output the product of that matrix, transposed, with `direction`, flat: the function is
// called twice only.
Tensors numeric_product(const CheckedCall& call, size_t index, const Tensor& direction, double eps);

}  // namespace libtensor::functional
