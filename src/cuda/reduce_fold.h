// Reductions whose totals take in elements and other totals alike. Half types accumulate in float,
// integers in int64.
#pragma once

#include "core/steps.h"
#include "cuda/reduce_kernels.h"

namespace libtensor::cuda {

// Step: identity, and combine(a, b).
template <class Element, class Step>
struct Fold {
  using S = Element;
  static constexpr bool kIsInteger = std::is_integral_v<S>;
  using A = std::conditional_t<kIsInteger, int64_t, ComputeOf<S>>;
  using C = A;
  using Out = std::conditional_t<kIsInteger, int64_t, S>;

  static __device__ A identity() { return A(Step::identity); }
  static __device__ A from(C value, int64_t) { return value; }
  static __device__ A combine(A a, A b) { return Step::combine(a, b); }
  static __device__ void store(const ReduceArguments& call, const int64_t (&offsets)[3], A total) {
    if constexpr (!kIsInteger) {
      if (call.mean) total /= static_cast<A>(call.total);
    }
    static_cast<Out*>(call.out)[offsets[1]] = convert<Out>(total);
  }
};

}  // namespace libtensor::cuda
