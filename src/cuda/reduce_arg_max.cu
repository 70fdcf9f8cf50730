#include "cuda/reduce_extreme.h"

namespace libtensor::cuda {
namespace {

template <class S>
using MaxPosition = ExtremePosition<S, true, int32_t>;
template <class S>
using FarMaxPosition = ExtremePosition<S, true, int64_t>;

}  // namespace

void reduce_arg_max(const Context& context, const ReducePlan& plan) {
  if (plan.count > max_kernel_elements()) return dispatch_reduce<FarMaxPosition>(context, plan);
  dispatch_reduce<MaxPosition>(context, plan);
}

}  // namespace libtensor::cuda
