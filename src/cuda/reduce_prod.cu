#include "cuda/reduce_fold.h"

namespace libtensor::cuda {
namespace {

template <class Element>
using Product = Fold<Element, MultiplyStep>;

}  // namespace

void reduce_prod(const Context& context, const ReducePlan& plan) {
  dispatch_reduce<Product>(context, plan);
}

}  // namespace libtensor::cuda
