#include "cuda/reduce_extreme.h"

namespace libtensor::cuda {
namespace {

template <class S>
using Max = Extreme<S, true>;

}  // namespace

void reduce_max(const Context& context, const ReducePlan& plan) {
  dispatch_reduce<Max>(context, plan);
}

}  // namespace libtensor::cuda
