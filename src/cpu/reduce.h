// The executors of reductions. Their trees of additions depend on shape and strides only, never on
// the number of threads, so a result has the same bits on every machine with the same instruction
// set.
#pragma once

#include "core/calls/reduce.h"

namespace libtensor::cpu {

// How a reduction treats contiguous elements of its accumulation dtype.
struct ReduceKernel {
  void (*row)(void* total, const void* in,
              int64_t n);  // total[0] = in[0] + ... + in[n - 1], n >= 1
  void (*column)(void* totals, const void* in, int64_t row_stride, int64_t rows,
                 int64_t n);  // totals[j] += rows of in
};

enum class Reduction : uint8_t { kSum, kMax, kMin, kAny, kAll };
inline constexpr int kReductionCount = 5;
// By operation and accumulation dtype.
extern ReduceKernel reduce_kernels[kReductionCount][kDTypeCount];

inline const ReduceKernel& reduce_kernel(Reduction op, DType dtype) {
  return reduce_kernels[static_cast<int>(op)][static_cast<int>(dtype)];
}

void reduce(const ReduceCall& call);
// kArgMax, kArgMin, kMaxIndex, kMinIndex.
void arg_reduce(const ReduceCall& call);

}  // namespace libtensor::cpu
