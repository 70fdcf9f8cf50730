// The negative log likelihood loss and its derivative.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/generated/enums.h"

namespace libtensor {

// Of [rows, classes] log-probabilities; target int64 [rows]. `weight` may be null. Without a
// reduction out is [rows], else one element, as total_weight is. Bad targets are
// as the indices of GatherOperands.
struct NllLossOperands {
  bool at_once = false;
  DType dtype;
  int64_t rows = 0, classes = 0;
  int64_t input_row_stride = 0, input_class_stride = 0;
  int64_t ignore_index = -100;
  Reduction reduction = Reduction::kMean;
  const void *input = nullptr, *weight = nullptr;
  const int64_t* target = nullptr;
  void *out = nullptr, *total_weight = nullptr;
};

struct NllLossCall : NllLossOperands {
  static constexpr const char* kName = "nll_loss";
};

// `out` is [rows, classes], contiguous.
struct NllLossBackwardCall : NllLossOperands {
  static constexpr const char* kName = "nll_loss_backward";

  const void* grad = nullptr;  // of the forward's out
};

}  // namespace libtensor
