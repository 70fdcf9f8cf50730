// Calls with more elements than a kernel numbers are cut into several launches.
#pragma once

#include <kernel_limit.h>

#include <cstdint>

#include "core/loop_nest.h"

namespace libtensor::cuda {

// Of a tensor that is not empty they fit; else one of the sizes is 0.
template <int kOperands>
int64_t count_elements(const LoopNest<kOperands>& nest) {
  int64_t count = 1;
  for (int i = 0; i < nest.ndim; ++i) count = wrapping_product(count, nest.shape[i]);
  return count;
}

// Calls body(piece of the nest, its number of elements, the operands' offsets to its first one) for
// each piece, in the order of the elements. None is empty.
template <int kOperands, class F>
void cut(const LoopNest<kOperands>& nest, const F& body, const int64_t (&first)[kOperands] = {}) {
  const int64_t count = count_elements(nest);
  if (count <= max_kernel_elements()) {
    if (count > 0) body(nest, static_cast<uint32_t>(count), first);
    return;
  }
  int outermost = nest.ndim - 1;
  while (nest.shape[outermost] == 1) --outermost;
  LoopNest<kOperands> half = nest;
  half.shape[outermost] = nest.shape[outermost] / 2;
  cut(half, body, first);
  int64_t offsets[kOperands];
  for (int k = 0; k < kOperands; ++k) {
    offsets[k] = first[k] + half.shape[outermost] * nest.strides[k][outermost];
  }
  half.shape[outermost] = nest.shape[outermost] - half.shape[outermost];
  cut(half, body, offsets);
}

}  // namespace libtensor::cuda
