#include "cuda/reduce_extreme.h"

namespace libtensor::cuda {
namespace {

template <class S>
using MaxPosition = ExtremePosition<S, true>;

}  // namespace

void reduce_arg_max(const Context& context, const ReducePlan& plan) {
  dispatch_reduce<MaxPosition>(context, plan);
}

}  // namespace libtensor::cuda
