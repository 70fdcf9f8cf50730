#include "cuda/reduce_extreme.h"

namespace libtensor::cuda {
namespace {

template <class S>
using MinPosition = ExtremePosition<S, false>;

}  // namespace

void reduce_arg_min(const Context& context, const ReducePlan& plan) {
  dispatch_reduce<MinPosition>(context, plan);
}

}  // namespace libtensor::cuda
