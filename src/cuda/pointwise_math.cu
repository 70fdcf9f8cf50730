#include "cuda/pointwise_kernels.h"

namespace libtensor::cuda {

void add_math_kernels(PointwiseTables& tables) { add_family(tables, functors::MathFunctors()); }

}  // namespace libtensor::cuda
