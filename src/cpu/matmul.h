// Matrix products.
#pragma once

#include "core/backend.h"

namespace libtensor::cpu {

void matmul(const MatmulCall& call);

}  // namespace libtensor::cpu
