// What the kernels of every family are given. Callers (src/ops) have checked everything; a kernel
// only computes. All strides count elements.
#pragma once

#include <cstdint>

#include "core/dtype.h"

namespace libtensor {

// One tensor as a kernel sees it. `strides` has one entry per dim of the call's shape, 0 where it
// is broadcast.
struct Operand {
  void* data;
  DType dtype;
  const int64_t* strides;
};

}  // namespace libtensor
