// The negative log likelihood loss and its derivative.
#pragma once

#include <cstdint>

#include "core/dtype.h"

namespace libtensor {

// Of [rows, classes] log-probabilities; target int64 [rows]. `weight` may be null. reduction: 0
// none (out: [rows]), 1 mean, 2 sum (out: one element). total_weight: one element. Bad targets are
// as the indices of GatherOperands.
struct NllLossOperands {
  bool at_once = false;
  DType dtype;
  int64_t rows = 0, classes = 0;
  int64_t input_row_stride = 0, input_class_stride = 0;
  int64_t ignore_index = -100;
  int reduction = 1;
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
