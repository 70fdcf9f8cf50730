// Backward with gradients that are zero, or not there at all.
#pragma once

#include "functional/gradcheck_compare.h"

namespace libtensor::functional {

// Zero gradients must give zero gradients.
void check_zero_gradient_gives_zero(const Tensors& outputs, const Tensors& inputs);
// So must undefined ones, of all outputs and of each alone.
void check_undefined_gradients(const CheckedCall& call);

}  // namespace libtensor::functional
