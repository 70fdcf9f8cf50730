// Softmax and its logarithm along one dim, and their derivatives.
#pragma once

#include "core/backend.h"
#include "cuda/context.h"

namespace libtensor::cuda {

void softmax(const Context& context, const SoftmaxCall& call);
void softmax_backward(const Context& context, const SoftmaxCall& call);

}  // namespace libtensor::cuda
