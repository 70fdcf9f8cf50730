#include "cuda/reduce_extreme.h"

namespace libtensor::cuda {
namespace {

template <class S>
using MinPosition = ExtremePosition<S, false, int32_t>;
template <class S>
using FarMinPosition = ExtremePosition<S, false, int64_t>;

}  // namespace

void reduce_arg_min(const Context& context, const ReducePlan& plan) {
  if (plan.count > max_kernel_elements()) return dispatch_reduce<FarMinPosition>(context, plan);
  dispatch_reduce<MinPosition>(context, plan);
}

}  // namespace libtensor::cuda
