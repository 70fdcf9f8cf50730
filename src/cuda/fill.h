// Elements that follow from their positions alone: ranges and random numbers.
#pragma once

#include <cstdint>

#include "core/backend.h"
#include "cuda/context.h"

namespace libtensor::cuda {

void arange(const Context& context, Operand out, int64_t numel, Scalar start, Scalar step);

// The state of a device's generator: PyTorch's.
struct PhiloxState {
  uint64_t seed = 0;
  uint64_t offset = 0;  // a multiple of 4
};
// Draws, and moves the state on.
void fill_random(const Context& context, const RandomCall& call, const DeviceProperties& device,
                 PhiloxState& state);

}  // namespace libtensor::cuda
