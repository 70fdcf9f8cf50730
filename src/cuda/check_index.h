// Are all indices within bounds? Asked before a kernel writes anything, where the host is to wait
// for the answer: so that a call that fails changes nothing.
#pragma once

#include <optional>

#include "core/dtype.h"
#include "core/loop_nest.h"
#include "cuda/faults.h"

namespace libtensor::cuda {

// Throws Error with the first index outside of [0, size), `exempt` aside. `index` is int64 or
// int32; the nest has its strides.
void check_indices(const Context& context, const FaultSite& site, const void* index, DType dtype,
                   const LoopNest<1>& nest, int64_t size, std::optional<int64_t> exempt = {});

}  // namespace libtensor::cuda
