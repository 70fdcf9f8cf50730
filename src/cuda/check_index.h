// Are all indices within bounds? Asked before a kernel writes anything, which costs one wait for
// the device: so that a call that fails changes nothing and says which index was wrong.
#pragma once

#include <optional>

#include "core/backend.h"
#include "core/loop_nest.h"
#include "cuda/context.h"

namespace libtensor::cuda {

// The first index outside of [0, size), `exempt` aside. `index` is int64 or int32; the nest has its
// strides, and up to 2^31 elements.
std::optional<int64_t> first_bad_index(const Context& context, const char* operation,
                                       const void* index, DType dtype, const LoopNest<1>& nest,
                                       int64_t size, std::optional<int64_t> exempt = {});

}  // namespace libtensor::cuda
