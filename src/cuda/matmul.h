// Products of matrices.
#pragma once

#include "core/calls/matmul.h"
#include "cuda/context.h"

namespace libtensor::cuda {

void matmul(const Context& context, const MatmulCall& call);

// The parts: cuBLAS, which takes floating dtypes of plain layouts and may be missing (false: not
// computed), and a kernel of our own for everything.
bool matmul_by_blas(const Context& context, const MatmulCall& call);
void matmul_by_tiles(const Context& context, const MatmulCall& call);

}  // namespace libtensor::cuda
