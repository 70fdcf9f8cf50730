// The functions of cuBLAS that we call, as a table: the real plug-in opens libcublas when it first
// multiplies (nvidia/blas.cpp), the emulated one has its own (tests/cuda_emulator).
#pragma once

#include <cublas_v2.h>

namespace libtensor::cuda {

// The header has a second function of this name, for older programs.
using GemmFunction = cublasStatus_t (*)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int,
                                        int, int, const void* alpha, const void* a, cudaDataType_t,
                                        int, long long, const void* b, cudaDataType_t, int,
                                        long long, const void* beta, void* c, cudaDataType_t, int,
                                        long long, int batch, cublasComputeType_t,
                                        cublasGemmAlgo_t);

struct BlasFunctions {
  decltype(&cublasCreate_v2) create;
  decltype(&cublasSetStream_v2) set_stream;
  decltype(&cublasSetWorkspace_v2) set_workspace;
  GemmFunction gemm;
};

// nullptr where there is no cuBLAS.
const BlasFunctions* blas_functions();

}  // namespace libtensor::cuda
