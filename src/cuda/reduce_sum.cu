// Sums and means.
#include "cuda/reduce_fold.h"

namespace libtensor::cuda {
namespace {

template <class Element>
using Sum = Fold<Element, AddStep>;

}  // namespace

void reduce_sum(const Context& context, const ReducePlan& plan) {
  dispatch_reduce<Sum>(context, plan);
}

}  // namespace libtensor::cuda
