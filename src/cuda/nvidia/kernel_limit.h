// The counterpart of the emulator's header (tests/cuda_emulator/include/kernel_limit.h).
#pragma once

#include <cstdint>

namespace libtensor::cuda {

// Elements are numbered with 31 bits in a kernel; larger calls are cut.
inline constexpr int64_t max_kernel_elements() { return int64_t{1} << 30; }

}  // namespace libtensor::cuda
