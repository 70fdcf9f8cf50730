// A reference for the one routine of cuBLAS that is used. Matrices are column-major.
#include "include/cublas_v2.h"

#include <cmath>
#include <type_traits>

#include "access.h"
#include "core/half.h"
#include "cuda/blas.h"
#include "runtime_lock.h"

struct cublasContext {
  cudaStream_t stream = nullptr;
  void* workspace = nullptr;  // of that stream
  size_t workspace_bytes = 0;
};

namespace cuda_emulator {
namespace {

using libtensor::BFloat16;
using libtensor::Half;

struct Matrix {
  const void* data;
  bool transposed;
  int rows, columns, stride;  // as it is used, after the transposition
  long long batch_stride;

  template <class S>
  const S* column(int batch, int j) const {
    return static_cast<const S*>(data) + batch * batch_stride + static_cast<long long>(j) * stride;
  }
  template <class S>
  double at(int batch, int i, int j) const {
    if (transposed) std::swap(i, j);
    const S value = column<S>(batch, j)[i];
    if constexpr (std::is_floating_point_v<S>)
      return value;
    else
      return static_cast<float>(value);
  }
  // Every column, as it lies in memory.
  template <class S>
  void check(int batch, Access access) const {
    const int stored_rows = transposed ? columns : rows,
              stored_columns = transposed ? rows : columns;
    for (int j = 0; j < stored_columns; ++j) {
      check_whole(column<S>(batch, j), stored_rows * sizeof(S), access);
    }
  }
};

// To TF32: 10 bits of mantissa.
double rounded(double value) {
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(mantissa, 11)), exponent - 11);
}

struct Product {
  Matrix a, b, c;
  int batch;
  double alpha, beta;
  bool tf32;

  template <class S>
  double factor(const Matrix& matrix, int t, int i, int j) const {
    const double value = matrix.at<S>(t, i, j);
    return tf32 ? rounded(value) : value;
  }

  // In double, rounded once: closer to the true value than cuBLAS is.
  template <class S>
  void run() const {
    for (int t = 0; t < batch; ++t) {
      a.check<S>(t, Access::kRead);
      b.check<S>(t, Access::kRead);
      if (beta != 0) c.check<S>(t, Access::kRead);
      c.check<S>(t, Access::kWrite);
      for (int j = 0; j < c.columns; ++j) {
        S* const out = const_cast<S*>(c.column<S>(t, j));
        for (int i = 0; i < c.rows; ++i) {
          double total = 0;
          for (int k = 0; k < a.columns; ++k) {
            total += factor<S>(a, t, i, k) * factor<S>(b, t, k, j);
          }
          total *= alpha;
          if (beta != 0) total += beta * c.at<S>(t, i, j);
          out[i] =
              S(static_cast<std::conditional_t<std::is_same_v<S, double>, double, float>>(total));
        }
      }
    }
  }
};

}  // namespace
}  // namespace cuda_emulator

using namespace cuda_emulator;

namespace {

// Its two ends stand for all of it.
void use_workspace(const cublasContext& handle) {
  constexpr size_t kEnd = 64;
  if (handle.workspace_bytes < 2 * kEnd) return;
  auto* const begin = static_cast<unsigned char*>(handle.workspace);
  check_whole(begin, kEnd, Access::kWrite);
  check_whole(begin + handle.workspace_bytes - kEnd, kEnd, Access::kWrite);
}

}  // namespace

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  *handle = new cublasContext;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  *handle = {stream, nullptr, 0};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, size_t bytes) {
  if (reinterpret_cast<uintptr_t>(workspace) % 256 != 0) return CUBLAS_STATUS_INVALID_VALUE;
  handle->workspace = workspace;
  handle->workspace_bytes = bytes;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGemmStridedBatchedEx(
    cublasHandle_t handle, cublasOperation_t a_operation, cublasOperation_t b_operation, int m,
    int n, int k, const void* alpha, const void* a, cudaDataType_t a_type, int a_stride,
    long long a_batch_stride, const void* b, cudaDataType_t b_type, int b_stride,
    long long b_batch_stride, const void* beta, void* c, cudaDataType_t c_type, int c_stride,
    long long c_batch_stride, int batch, cublasComputeType_t compute, cublasGemmAlgo_t) {
  const bool a_transposed = a_operation == CUBLAS_OP_T, b_transposed = b_operation == CUBLAS_OP_T;
  if (a_type != c_type || b_type != c_type || a_stride < (a_transposed ? k : m) ||
      b_stride < (b_transposed ? n : k) || c_stride < m ||
      (compute == CUBLAS_COMPUTE_64F) != (c_type == CUDA_R_64F)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  const auto number = [&](const void* p) {
    return compute == CUBLAS_COMPUTE_64F ? *static_cast<const double*>(p)
                                         : *static_cast<const float*>(p);
  };
  const Product product{{a, a_transposed, m, k, a_stride, a_batch_stride},
                        {b, b_transposed, k, n, b_stride, b_batch_stride},
                        {c, false, m, n, c_stride, c_batch_stride},
                        batch,
                        number(alpha),
                        number(beta),
                        compute == CUBLAS_COMPUTE_32F_FAST_TF32};
  enqueue_routine(handle->stream, "cublasGemm", [product, c_type, handle = *handle] {
    use_workspace(handle);
    switch (c_type) {
      case CUDA_R_32F:
        return product.run<float>();
      case CUDA_R_64F:
        return product.run<double>();
      case CUDA_R_16F:
        return product.run<Half>();
      case CUDA_R_16BF:
        return product.run<BFloat16>();
    }
  });
  return CUBLAS_STATUS_SUCCESS;
}

const libtensor::cuda::BlasFunctions* libtensor::cuda::blas_functions() {
  static const BlasFunctions functions{cublasCreate_v2, cublasSetStream_v2, cublasSetWorkspace_v2,
                                       cublasGemmStridedBatchedEx};
  return &functions;
}
