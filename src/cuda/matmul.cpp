#include "cuda/matmul.h"
#include "cuda/cuda_kernel.h"

namespace libtensor::cuda {

void matmul(const Context& context, const MatmulCall& call) {
  if (call.batch == 0 || call.m == 0 || call.n == 0) return;
  if (call.k > 0 && matmul_by_blas(context, call)) return;
  matmul_by_tiles(context, call);
}

namespace {
const CudaKernel<matmul> add_matmul;
}  // namespace

}  // namespace libtensor::cuda
