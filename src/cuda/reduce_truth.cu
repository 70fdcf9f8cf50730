// any and all.
#include "cuda/reduce_kernels.h"

namespace libtensor::cuda {
namespace {

template <class Element, bool kAll>
struct Truth {
  using S = Element;
  using C = ComputeOf<S>;
  using A = bool;

  static __device__ A identity() { return kAll; }
  static __device__ A from(C value, int64_t) { return value != C(0); }
  static __device__ A combine(A a, A b) { return kAll ? a && b : a || b; }
  static __device__ void store(const ReduceArguments& call, const int64_t (&offsets)[3], A total) {
    static_cast<uint8_t*>(call.out)[offsets[1]] = total;
  }
};

template <class S>
using Any = Truth<S, false>;
template <class S>
using All = Truth<S, true>;

}  // namespace

void reduce_any(const Context& context, const ReducePlan& plan) {
  dispatch_reduce<Any>(context, plan);
}
void reduce_all(const Context& context, const ReducePlan& plan) {
  dispatch_reduce<All>(context, plan);
}

}  // namespace libtensor::cuda
