// Matrix products.
#pragma once

#include "core/calls/matmul.h"

namespace libtensor::cpu {

// A rectangle of a matrix product, of kGemmColumns columns at most:
// c[i][j] = alpha * sum_p a[i][p] b[p][j] + beta * c[i][j], on one thread.
inline constexpr int64_t kGemmRows = 48, kGemmColumns = 1024;
struct GemmArguments {
  int64_t m, n, k;
  const void *a, *b;
  void* c;
  int64_t a_row_stride, a_col_stride, b_row_stride, b_col_stride, c_row_stride;
  double alpha, beta;
  void* workspace;
};
struct GemmKernel {
  void (*multiply)(const GemmArguments& arguments);
  // The bytes of the workspace, aligned to 64, of each of the rectangles into which a product is
  // cut, at multiples of kGemmRows rows and of kGemmColumns columns or a quarter of them.
  int64_t (*workspace)(const GemmArguments& arguments);
};

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
// By dtype; gemv has float32 and float64 only.
extern GemmKernel gemm_kernels[kDTypeCount];
extern GemvKernel gemv_kernels[kDTypeCount];

void matmul(const MatmulCall& call);

}  // namespace libtensor::cpu
