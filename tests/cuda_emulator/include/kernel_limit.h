// How large a call may be for one kernel is the tests' choice here: small ones are cut like large
// ones. The counterpart for nvcc is src/cuda/nvidia/kernel_limit.h.
#pragma once

#include <cstdint>

namespace libtensor::cuda {

int64_t max_kernel_elements();

}  // namespace libtensor::cuda
