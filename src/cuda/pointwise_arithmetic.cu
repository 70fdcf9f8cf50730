#include "cuda/pointwise_kernels.h"

namespace libtensor::cuda {

void add_arithmetic_kernels(PointwiseTables& tables) {
  add_family(tables, functors::ArithmeticFunctors());
}

}  // namespace libtensor::cuda
