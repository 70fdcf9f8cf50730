// Variances and standard deviations, with the means. Half types accumulate in float.
#include "cuda/reduce_kernels.h"

namespace libtensor::cuda {
namespace {

// The formula for two runs: T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise
// algorithm for computing sample variances", 1979.
template <class Element>
struct Variance {
  using S = Element;
  using C = ComputeOf<S>;
  struct A {
    C mean, squares;  // squares: the sum of squared differences from the mean
    C count;
  };

  static __device__ A identity() { return {C(0), C(0), C(0)}; }
  // An infinity has no difference from a mean: NaN, as PyTorch's.
  static __device__ A from(C value, int64_t) { return {value, value - value, C(1)}; }
  static __device__ A combine(A a, A b) {
    if (a.count == C(0)) return b;
    if (b.count == C(0)) return a;
    const C count = a.count + b.count, share = b.count / count, difference = b.mean - a.mean;
    return {a.mean + difference * share,
            a.squares + b.squares + difference * difference * share * a.count, count};
  }
  static __device__ void store(const ReduceArguments& call, const int64_t (&offsets)[3], A total) {
    const double freedom = static_cast<double>(call.total) - call.correction;
    C result = total.squares / static_cast<C>(freedom > 0 ? freedom : 0);
    if (call.root) result = Sqrt(result);
    static_cast<Stored<S>*>(call.out)[offsets[1]] = to_stored<S>(result);
    if (!call.second) return;
    const bool none = call.total == 0 || is_nan(total.squares);  // as on the CPU
    const C mean = none ? C(NAN) : total.mean;
    static_cast<Stored<S>*>(call.second)[offsets[2]] = to_stored<S>(mean);
  }
};

}  // namespace

void reduce_var(const Context& context, const ReducePlan& plan) {
  dispatch_floating(plan.in_dtype, [&](auto tag) {
    launch_reduce<Variance<typename decltype(tag)::type>>(context, plan);
  });
}

}  // namespace libtensor::cuda
