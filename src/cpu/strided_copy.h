// Moves elements between strided places, without converting them.
#pragma once

#include <cstdint>

namespace libtensor::cpu {

// to[i * to_strides] = from[i * from_strides] for every index i of `extents`. Dim 0 is the
// innermost; strides count elements of `size` bytes (1, 2, 4 or 8). The two must not overlap.
void strided_copy(int size, int ndim, const int64_t* extents, void* to, const int64_t* to_strides,
                  const void* from, const int64_t* from_strides);

}  // namespace libtensor::cpu
