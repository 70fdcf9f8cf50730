// Pinned memory, as far as others than the copies themselves ask for it.
#pragma once

#include "core/tensor.h"

namespace libtensor::ops {

// In memory of the host that CUDA devices copy from and to while the host goes on?
bool is_pinned(const Tensor& self);

}  // namespace libtensor::ops
