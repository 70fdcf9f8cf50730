// Trades time for memory: what a function's nodes would keep for backward is computed again there.
#pragma once

#include "autograd/user_data.h"
#include "functional/function.h"

namespace libtensor::functional {

struct CheckpointOptions {
  bool preserve_rng_state = true;  // the second run draws the same random numbers as the first
  bool early_stop = false;         // the second run ends with the last tensor that is needed
  autograd::UserData held = {};    // what the function keeps of the program's
};

// function(inputs), whose nodes keep nothing: when backward first asks for a saved tensor, the
// function runs once more, with recording on, and what its nodes save then is used. `function` is
// kept until backward has freed the last of these, and must compute the same each time.
Tensors checkpoint(Function function, std::span<const Tensor> inputs,
                   const CheckpointOptions& options);

}  // namespace libtensor::functional
