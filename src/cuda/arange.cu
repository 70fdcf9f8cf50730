#include "core/calls/arange.h"
#include "core/scalar_math.h"
#include "cuda/cuda_kernel.h"
#include "cuda/elements.h"
#include "cuda/launch.h"

namespace libtensor::cuda {
namespace {

constexpr int kThreads = 256;

template <class S, class N>
__global__ void __launch_bounds__(kThreads) arange_kernel(S* out, int64_t numel, N start, N step) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < numel) out[i] = convert<S>(Add(start, Mul(step, static_cast<N>(i))));
}

void arange(const Context& context, const ArangeCall& call) {
  const auto blocks = static_cast<uint32_t>(ceil_div<int64_t>(call.numel, kThreads));
  dispatch(call.dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    using N = std::conditional_t<is_floating(dtype_of<S>), double, int64_t>;
    launch(arange_kernel<S, N>, {"arange", context.stream, blocks, kThreads},
           static_cast<S*>(call.out), call.numel, call.start.to<N>(), call.step.to<N>());
  });
}

const CudaKernel<arange> add_arange;

}  // namespace
}  // namespace libtensor::cuda
