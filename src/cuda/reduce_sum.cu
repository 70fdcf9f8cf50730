// Sums and means. Half types accumulate in float, integers in int64.
#include "cuda/reduce_kernels.h"

namespace libtensor::cuda {
namespace {

template <class Element>
struct Sum {
  using S = Element;
  static constexpr bool kIsInteger = std::is_integral_v<S>;
  using A = std::conditional_t<kIsInteger, int64_t, ComputeOf<S>>;
  using C = A;
  using Out = std::conditional_t<kIsInteger, int64_t, S>;

  static __device__ A identity() { return A(0); }
  static __device__ A from(C value, int64_t) { return value; }
  static __device__ A combine(A a, A b) { return Add(a, b); }
  static __device__ void store(const ReduceArguments& call, const int64_t (&offsets)[3], A total) {
    if constexpr (!kIsInteger) {
      if (call.mean) total /= static_cast<A>(call.total);
    }
    static_cast<Out*>(call.out)[offsets[1]] = convert<Out>(total);
  }
};

}  // namespace

void reduce_sum(const Context& context, const ReducePlan& plan) {
  dispatch_reduce<Sum>(context, plan);
}

}  // namespace libtensor::cuda
