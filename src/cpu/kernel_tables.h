// The tables of kernels, filled once for the best instruction set that the machine has.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/pointwise_op.h"

namespace libtensor::cpu {

// out[i] = op(in[0][i], in[1][i], ...) over contiguous elements; out may be one of the inputs.
using PointwiseKernel = void (*)(void* out, const void* const* in, int64_t n);
struct PointwiseEntry {
  PointwiseKernel kernels[kDTypeCount];  // by compute dtype
  const char* name;
  bool returns_bool;  // else the compute dtype
};
// to[i] = from[i], converted; for elements of one size, to may be from.
using ConvertKernel = void (*)(void* to, const void* from, int64_t n);

// Copies whole cache lines past the caches, to the start of one; hwy::FlushStream ends such copies.
using StreamKernel = void (*)(void* to, const void* from, int64_t bytes);

// How a reduction treats contiguous elements of its accumulation dtype.
struct ReduceKernel {
  void (*row)(void* total, const void* in,
              int64_t n);  // total[0] = in[0] + ... + in[n - 1], n >= 1
  void (*column)(void* totals, const void* in, int64_t row_stride, int64_t rows,
                 int64_t n);  // totals[j] += rows of in
};

enum class Reduction : uint8_t { kSum, kMax, kMin, kAny, kAll };
inline constexpr int kReductionCount = 5;

// Over `n` elements in steps of `stride`, for each of `width` neighbouring columns (a row: stride
// 1, one column).
struct SoftmaxKernel {
  void (*forward)(void* out, const void* in, int64_t n, int64_t stride, int64_t width, bool log);
  void (*backward)(void* out, const void* result, const void* grad, int64_t n, int64_t stride,
                   int64_t width, bool log);
};

// A rectangle of a matrix product: c[i][j] = alpha * sum_p a[i][p] b[p][j] + beta * c[i][j], on one
// thread.
struct GemmArguments {
  int64_t m, n, k;
  const void *a, *b;
  void* c;
  int64_t a_row_stride, a_col_stride, b_row_stride, b_col_stride, c_row_stride;
  double alpha, beta;
};
using GemmKernel = void (*)(const GemmArguments& arguments);

// out[i] = alpha * sum_p matrix[i][p] x[p] + beta * out[i], with x and out contiguous, on one
// thread. One of the matrix's strides is 1.
struct GemvArguments {
  int64_t rows, depth;
  const void *matrix, *x;
  void* out;
  int64_t row_stride, depth_stride;
  double alpha, beta;
};
using GemvKernel = void (*)(const GemvArguments& arguments);

struct KernelTables {
  FunctorTable<PointwiseEntry> pointwise;
  ConvertKernel convert[kDTypeCount][kDTypeCount];  // [from][to]
  StreamKernel stream;
  ReduceKernel reduce[kReductionCount][kDTypeCount];  // by accumulation dtype
  SoftmaxKernel softmax[kDTypeCount];                 // by the elements' dtype
  GemmKernel gemm[kDTypeCount];
  GemvKernel gemv[kDTypeCount];  // of float32 and float64
  int64_t target;                // the Highway target they are compiled for
};

extern KernelTables kernels;
// Writes entries of the tables, for the target that Highway has chosen.
using FillTables = void (*)(KernelTables& tables);

// Throws where the operation makes no sense for the dtype and its caller did not say so in better
// words.
inline PointwiseKernel pointwise_kernel(PointwiseOp op, DType compute) {
  const PointwiseEntry& entry = kernels.pointwise[op];
  const PointwiseKernel kernel = entry.kernels[static_cast<int>(compute)];
  check_as(Status::kNotImplemented, kernel != nullptr, "\"", entry.name, "\" not implemented for '",
           scalar_name_of(compute), "'");
  return kernel;
}
inline ConvertKernel convert_kernel(DType from, DType to) {
  return kernels.convert[static_cast<int>(from)][static_cast<int>(to)];
}
inline const ReduceKernel& reduce_kernel(Reduction op, DType dtype) {
  return kernels.reduce[static_cast<int>(op)][static_cast<int>(dtype)];
}

// Fills the tables for the best target among `allowed` (a mask of Highway targets; 0: all). Not
// thread-safe: called when the library is loaded, and by tests.
void choose_kernels(int64_t allowed = 0);

}  // namespace libtensor::cpu
