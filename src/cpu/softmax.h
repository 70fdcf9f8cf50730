// Softmax, log_softmax and their gradients.
#pragma once

#include "core/backend.h"

namespace libtensor::cpu {

void softmax(const SoftmaxCall& call);
void softmax_backward(const SoftmaxCall& call);

}  // namespace libtensor::cpu
