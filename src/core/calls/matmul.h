// Products of matrices.
#pragma once

#include <cstdint>

#include "core/dtype.h"

namespace libtensor {

// c[b] = alpha * a[b] @ b[b] + beta * c[b]; a is [m, k], b is [k, n], all of one dtype, any strides
// for a and b, c is row-major contiguous within a batch. With beta == 0, c is not read. Integers
// wrap around.
struct MatmulCall {
  static constexpr const char* kName = "matmul";

  DType dtype;
  int64_t batch = 1, m = 0, n = 0, k = 0;
  const void *a = nullptr, *b = nullptr;
  void* c = nullptr;
  int64_t a_batch_stride = 0, a_row_stride = 0, a_col_stride = 0;
  int64_t b_batch_stride = 0, b_row_stride = 0, b_col_stride = 0;
  int64_t c_batch_stride = 0;
  double alpha = 1, beta = 0;
  bool tf32 = false;  // CUDA may round factors of float32 to TF32's 10 bits
};

}  // namespace libtensor
