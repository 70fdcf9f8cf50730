// Softmax and its logarithm, and their derivatives.
#pragma once

#include <cstdint>

#include "core/dtype.h"

namespace libtensor {

// Along the middle of three contiguous dims [outer, length, inner], all of one floating dtype.
struct SoftmaxRows {
  bool log = false;
  int64_t outer = 1, length = 1, inner = 1;
  DType dtype;
};

struct SoftmaxCall : SoftmaxRows {
  static constexpr const char* kName = "softmax";

  const void* in = nullptr;
  void* out = nullptr;
};

struct SoftmaxBackwardCall : SoftmaxRows {
  static constexpr const char* kName = "softmax_backward";

  const void* result = nullptr;  // of the forward
  const void* grad = nullptr;
  void* out = nullptr;
};

}  // namespace libtensor
