// Reductions: the plan that the host makes, and the kernels that carry it out.
#pragma once

#include "core/backend.h"
#include "cuda/context.h"
#include "cuda/index_math.h"
#include "cuda/row_shape.h"

namespace libtensor::cuda {

// Each output's elements are cut into `splits` runs of `chunk`; with more than one run their totals
// are kept in memory and combined by a second kernel. All of this follows from the shape, so that a
// result has the same bits on every device.
struct ReducePlan {
  const char* operation;
  LoopNest<3> kept;     // strides of the input, the output and the index
  LoopNest<1> reduced;  // strides of the input
  uint32_t outputs = 1, count = 1;
  RowShape rows;
  uint32_t splits = 1, chunk = 1;
  bool mean = false, index_only = false;
  DType in_dtype;
  const void* in;
  void *out, *index;
};

void reduce_sum(const Context& context, const ReducePlan& plan);
void reduce_max(const Context& context, const ReducePlan& plan);
void reduce_min(const Context& context, const ReducePlan& plan);
void reduce_arg_max(const Context& context, const ReducePlan& plan);
void reduce_arg_min(const Context& context, const ReducePlan& plan);
void reduce_any(const Context& context, const ReducePlan& plan);
void reduce_all(const Context& context, const ReducePlan& plan);

void reduce(const Context& context, const ReduceCall& call);

}  // namespace libtensor::cuda
