// In which order a fresh result of a pointwise operation lies in memory.
#pragma once

#include <span>

#include "ops/pointwise.h"

namespace libtensor::ops::pointwise {

// The strides of a result of `shape`, to which the inputs are broadcast: it follows the first input
// that has an order among its dims, as PyTorch's results do.
Dims result_strides(std::span<const Input> inputs, const Dims& shape);

}  // namespace libtensor::ops::pointwise
