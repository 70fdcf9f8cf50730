// The CPU's random numbers: bit for bit those of PyTorch's CPU generator.
#pragma once

#include "core/generator.h"

namespace libtensor::cpu {

// The one of the process. Its state as bytes has the layout of PyTorch's torch.get_rng_state(), so
// that a state moves from one library to the other.
Generator& default_generator();

}  // namespace libtensor::cpu
