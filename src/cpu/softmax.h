// Softmax, log_softmax and their gradients.
#pragma once

#include "core/calls/softmax.h"

namespace libtensor::cpu {

// Over `n` elements in steps of `stride`, for each of `width` neighbouring columns (a row: stride
// 1, one column).
struct SoftmaxKernel {
  void (*forward)(void* out, const void* in, int64_t n, int64_t stride, int64_t width, bool log);
  void (*backward)(void* out, const void* result, const void* grad, int64_t n, int64_t stride,
                   int64_t width, bool log);
};
// By the elements' dtype.
extern SoftmaxKernel softmax_kernels[kDTypeCount];

void softmax(const SoftmaxCall& call);
void softmax_backward(const SoftmaxBackwardCall& call);

}  // namespace libtensor::cpu
