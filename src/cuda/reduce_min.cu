#include "cuda/reduce_extreme.h"

namespace libtensor::cuda {
namespace {

template <class S>
using Min = Extreme<S, false>;

}  // namespace

void reduce_min(const Context& context, const ReducePlan& plan) {
  dispatch_reduce<Min>(context, plan);
}

}  // namespace libtensor::cuda
