#include "cuda/pointwise_kernels.h"

namespace libtensor::cuda {

void add_select_kernels(PointwiseTables& tables) { add_family(tables, functors::SelectFunctors()); }

}  // namespace libtensor::cuda
