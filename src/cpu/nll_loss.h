// The negative log likelihood loss.
#pragma once

#include "core/backend.h"

namespace libtensor::cpu {

void nll_loss(const NllLossCall& call);
void nll_loss_backward(const NllLossCall& call);

}  // namespace libtensor::cpu
