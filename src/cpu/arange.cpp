#include "core/calls/arange.h"
#include "core/scalar_math.h"
#include "cpu/cpu_kernel.h"
#include "cpu/threads.h"

namespace libtensor::cpu {
namespace {

constexpr int64_t kGrain = 32768;

void arange(const ArangeCall& call) {
  dispatch(call.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using N = std::conditional_t<is_floating(dtype_of<T>), double, int64_t>;
    T* const values = static_cast<T*>(call.out);
    const N first = call.start.to<N>(), each = call.step.to<N>();
    parallel_for(call.numel, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        values[i] = convert<T>(Add(first, Mul(each, static_cast<N>(i))));
      }
    });
  });
}

const CpuKernel<arange> add_arange;

}  // namespace
}  // namespace libtensor::cpu
