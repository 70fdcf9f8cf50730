// Numbers that follow from their positions.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/scalar.h"

namespace libtensor {

// out[i] = start + i * step for `numel` contiguous elements; floating dtypes compute in double,
// others in int64.
struct ArangeCall {
  static constexpr const char* kName = "arange";

  DType dtype;
  void* out = nullptr;
  int64_t numel = 0;
  Scalar start, step;
};

}  // namespace libtensor
