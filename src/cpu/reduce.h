// The executors of reductions. Their trees of additions depend on shape and strides only, never on
// the number of threads, so a result has the same bits on every machine with the same instruction
// set.
#pragma once

#include "core/backend.h"

namespace libtensor::cpu {

void reduce(const ReduceCall& call);
// kArgMax, kArgMin, kMaxIndex, kMinIndex.
void arg_reduce(const ReduceCall& call);

}  // namespace libtensor::cpu
