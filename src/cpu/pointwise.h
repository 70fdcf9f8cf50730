// The executor of pointwise calls.
#pragma once

#include "core/calls/pointwise.h"

namespace libtensor::cpu {

void pointwise(const PointwiseCall& call);

}  // namespace libtensor::cpu
