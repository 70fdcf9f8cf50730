// Matrix products by cuBLAS. It counts rows and columns the other way round: a row-major product
// c = a b is, without any copy, its c' = b' a'.
#include <limits>
#include <mutex>

#include "core/error.h"
#include "core/fork.h"
#include "cuda/blas.h"
#include "cuda/check.h"
#include "cuda/matmul.h"

namespace libtensor::cuda {
namespace {

constexpr int kMaxDevices = 64;

// A matrix as cuBLAS wants it: one of the strides is 1.
struct BlasMatrix {
  cublasOperation_t operation;
  int64_t stride;
};

bool as_blas(int64_t rows, int64_t columns, int64_t row_stride, int64_t col_stride,
             BlasMatrix* out) {
  if (col_stride == 1 && (row_stride >= columns || rows == 1)) {
    *out = {CUBLAS_OP_N, std::max(row_stride, columns)};
    return true;
  }
  if (row_stride == 1 && (col_stride >= rows || columns == 1)) {
    *out = {CUBLAS_OP_T, std::max(col_stride, rows)};
    return true;
  }
  return false;
}

bool data_type(DType dtype, cudaDataType_t* out) {
  switch (dtype) {
    case DType::kFloat16:
      *out = CUDA_R_16F;
      return true;
    case DType::kBFloat16:
      *out = CUDA_R_16BF;
      return true;
    case DType::kFloat32:
      *out = CUDA_R_32F;
      return true;
    case DType::kFloat64:
      *out = CUDA_R_64F;
      return true;
    default:
      return false;
  }
}

// One handle for each device; setting its stream and workspace and the call that follows belong
// together.
struct Handle {
  ForkSafeMutex mutex{LockLevel::kGenerator};
  cublasHandle_t handle = nullptr;
  size_t workspace_bytes = 0;
};

Handle& handle_of(int device) {
  static auto* handles = new Handle[kMaxDevices];
  return handles[device];
}

void check_blas(cublasStatus_t status) {
  check_as(Status::kUnavailable, status == CUBLAS_STATUS_SUCCESS, "CUDA error: cuBLAS status ",
           static_cast<int>(status), " (in matmul)");
}

// Half types add up in float.
cublasComputeType_t compute_type(const MatmulCall& call) {
  if (call.dtype == DType::kFloat64) return CUBLAS_COMPUTE_64F;
  const bool rounds = call.tf32 && call.dtype == DType::kFloat32;
  return rounds ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

// As large as NVIDIA recommends (cuBLAS's documentation of cublasSetWorkspace).
size_t workspace_bytes(int device) {
  cudaDeviceProp properties;
  check_cuda(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  return size_t{properties.major >= 9 ? 32u : 4u} << 20;
}

bool fits_int(int64_t value) { return value <= std::numeric_limits<int>::max(); }

}  // namespace

bool matmul_by_blas(const Context& context, const MatmulCall& call) {
  cudaDataType_t type;
  BlasMatrix a, b;
  if (!data_type(call.dtype, &type) ||
      !as_blas(call.m, call.k, call.a_row_stride, call.a_col_stride, &a) ||
      !as_blas(call.k, call.n, call.b_row_stride, call.b_col_stride, &b)) {
    return false;
  }
  for (int64_t value : {call.m, call.n, call.k, call.batch, a.stride, b.stride}) {
    if (!fits_int(value)) return false;
  }
  const BlasFunctions* const blas = blas_functions();
  if (!blas) return false;
  Handle& handle = handle_of(context.device);
  const std::lock_guard lock(handle.mutex);
  if (!handle.handle) {
    handle.workspace_bytes = workspace_bytes(context.device);
    check_blas(blas->create(&handle.handle));
  }
  // Given back as soon as the work is in the stream: its next owner there comes after it.
  const Scratch workspace(context, handle.workspace_bytes);
  check_blas(blas->set_stream(handle.handle, context.stream));
  check_blas(blas->set_workspace(handle.handle, workspace.data(), handle.workspace_bytes));
  const bool is_double = call.dtype == DType::kFloat64;
  const float alpha = static_cast<float>(call.alpha), beta = static_cast<float>(call.beta);
  check_blas(blas->gemm(handle.handle, b.operation, a.operation, static_cast<int>(call.n),
                        static_cast<int>(call.m), static_cast<int>(call.k),
                        is_double ? static_cast<const void*>(&call.alpha) : &alpha, call.b, type,
                        static_cast<int>(b.stride), call.b_batch_stride, call.a, type,
                        static_cast<int>(a.stride), call.a_batch_stride,
                        is_double ? static_cast<const void*>(&call.beta) : &beta, call.c, type,
                        static_cast<int>(call.n), call.c_batch_stride, static_cast<int>(call.batch),
                        compute_type(call), CUBLAS_GEMM_DEFAULT));
  return true;
}

}  // namespace libtensor::cuda
