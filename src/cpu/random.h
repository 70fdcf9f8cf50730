// The CPU's random numbers: bit for bit those of PyTorch's CPU generator.
#pragma once

#include <cstdint>

#include "core/backend.h"

namespace libtensor::cpu {

// Both use the one generator of the process and may be called from any thread; a call's numbers are
// drawn without interruption. `call.dtype` is a floating one.
void fill_random(const RandomCall& call);
// The same seed gives the same numbers for the same sequence of calls.
void manual_seed(uint64_t seed);
// The seed of the last manual_seed, or the one that the process began with.
uint64_t initial_seed();
// The generator as bytes, in the layout of PyTorch's torch.get_rng_state(), so that a state moves
// from one library to the other.
std::vector<unsigned char> random_state();
void set_random_state(std::span<const unsigned char> state);

}  // namespace libtensor::cpu
