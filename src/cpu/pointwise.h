// The executor of pointwise calls.
#pragma once

#include "core/backend.h"

namespace libtensor::cpu {

void pointwise(const PointwiseCall& call);

}  // namespace libtensor::cpu
