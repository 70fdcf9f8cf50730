// The executors of reductions. Their trees of additions depend on shape and strides only, never on
// the number of threads, so a result has the same bits on every machine with the same instruction
// set.
#pragma once

#include "core/calls/reduce.h"

namespace libtensor::cpu {

// From totals of `count` elements for each of n columns to results, in their place.
using FinishTotals = void (*)(void* totals, int64_t n, int64_t count, double correction);

// A policy: how contiguous elements of the accumulation dtype become a total, and totals one. The
// total of some elements is `planes` numbers of that dtype; of n columns, number p of column j is
// totals[p * n + j].
struct ReduceKernel {
  int planes;
  // The total of n >= 1 elements.
  void (*row)(void* total, int64_t plane_stride, const void* in, int64_t n);
  // Totals of n columns, of `seen` elements each, take in an element of each from every row. With
  // none seen they need not be initialised.
  void (*column)(void* totals, const void* in, int64_t row_stride, int64_t rows, int64_t n,
                 int64_t seen);
  // Totals of `before` elements take in those of the `after` elements that follow.
  void (*merge)(void* totals, const void* others, int64_t n, int64_t before, int64_t after);
  void (*empty)(void* totals, int64_t n);  // of no elements
  FinishTotals finish;                     // null: totals are results
};
inline constexpr int kMostPlanes = 2;

// By operation and accumulation dtype.
extern ReduceKernel reduce_kernels[kReduceOpCount][kDTypeCount];

inline const ReduceKernel& reduce_kernel(ReduceOp op, DType accumulate) {
  return reduce_kernels[static_cast<int>(op)][static_cast<int>(accumulate)];
}

void reduce(const ReduceCall& call);
// kArgMax, kArgMin, kMaxIndex, kMinIndex.
void arg_reduce(const ReduceCall& call);

}  // namespace libtensor::cpu
