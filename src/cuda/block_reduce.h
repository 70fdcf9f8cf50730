// How the threads of a block bring what each of them has found together.
#pragma once

#include <device_language.h>

#include <cstdint>

#include "cuda/row_shape.h"

namespace libtensor::cuda {

struct RowThread {
  uint32_t lane, row;  // row within the block

  __device__ explicit RowThread(const RowShape& shape) {
    if (shape.lanes_adjacent) {
      lane = threadIdx.x % shape.lanes;
      row = threadIdx.x / shape.lanes;
    } else {
      const uint32_t rows = kReduceThreads / shape.lanes;
      row = threadIdx.x % rows;
      lane = threadIdx.x / rows;
    }
  }
};

// The total of a row's lanes, in a fixed order, for every lane. All threads of the block take part.
template <class A, class Combine>
__device__ A row_total(A value, const RowShape& shape, const RowThread& thread, Combine combine) {
  A* const shared = shared_memory<A>();
  A* const own = shared + thread.row * shape.lanes + thread.lane;
  *own = value;
  for (uint32_t step = shape.lanes / 2; step > 0; step /= 2) {
    __syncthreads();
    if (thread.lane < step) *own = value = combine(value, own[step]);
  }
  __syncthreads();
  value = shared[thread.row * shape.lanes];
  __syncthreads();  // the memory may be used again
  return value;
}

}  // namespace libtensor::cuda
