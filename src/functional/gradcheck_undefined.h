// Backward with gradients that are zero, or not there at all.
#pragma once

#include "functional/function.h"

namespace libtensor::functional {

// A gradient of zeros must give zeros.
void check_zero_gradient_gives_zero(const Tensors& outputs, const Tensors& inputs);
// Undefined gradients must count as zeros: of all outputs, and of each alone. `wanted` are the
// inputs that require grad.
void check_undefined_gradients(const Function& function, std::span<const Tensor> inputs,
                               const Tensors& wanted);

}  // namespace libtensor::functional
