#include "cuda/pointwise_kernels.h"

namespace libtensor::cuda {

void add_compare_kernels(PointwiseTables& tables) {
  add_family(tables, functors::CompareFunctors());
}

}  // namespace libtensor::cuda
