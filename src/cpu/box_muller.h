// Normal numbers out of uniform ones, 16 at a time, in PyTorch's arithmetic.
#pragma once

#include <cstdint>

namespace libtensor::cpu {

inline constexpr int64_t kBoxMullerBlock = 16;

// Each of `blocks` runs of 16 uniform numbers in [0, 1) becomes 16 normal ones: elements j and j +
// 8 give the radius and the angle of a point in the plane, and receive its two coordinates. Source:
// G. Box, M. Muller, "A note on the generation of random normal deviates", 1958.
void box_muller(float* values, int64_t blocks);
void box_muller(double* values, int64_t blocks);

// The float version for a machine without vector instructions: the same bits, more slowly.
void box_muller_portable(float* values, int64_t blocks);

}  // namespace libtensor::cpu
