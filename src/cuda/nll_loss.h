// Negative log likelihood.
#pragma once

#include "core/backend.h"
#include "cuda/context.h"

namespace libtensor::cuda {

void nll_loss(const Context& context, const NllLossCall& call);
void nll_loss_backward(const Context& context, const NllLossCall& call);

}  // namespace libtensor::cuda
