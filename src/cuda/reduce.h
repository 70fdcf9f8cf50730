// Reductions: the plan that the host makes, and the kernels that carry it out.
#pragma once

#include "core/calls/reduce.h"
#include "cuda/context.h"
#include "cuda/index_math.h"
#include "cuda/row_shape.h"

namespace libtensor::cuda {

// A call, or the part of it that makes some of the outputs.
struct ReducePlan {
  const char* operation;
  LoopNest<3> kept;       // strides of the input and of both outputs
  LoopNest<1> reduced;    // strides of the input
  int64_t first[3] = {};  // offsets of the first output's elements
  uint32_t outputs = 1;
  int64_t count = 1;  // elements for each
  bool lanes_adjacent = false;
  bool mean = false, index_only = false, root = false;
  double correction = 0;
  DType in_dtype;
  const void* in;
  void *out, *second;
};

// Elements of each output that one launch takes, cut into `splits` runs of `chunk`. With more than
// one run, of all launches, their totals are kept in memory and combined by a second kernel. All of
// this follows from the shape, so that a result has the same bits on every device.
struct ReduceRuns {
  LoopNest<1> reduced;
  int64_t offset, position;  // of the first element
  uint32_t count, splits, chunk;
  RowShape rows;

  ReduceRuns(const ReducePlan& plan, const LoopNest<1>& piece, uint32_t elements, int64_t begin,
             int64_t before);
};

void reduce_sum(const Context& context, const ReducePlan& plan);
void reduce_prod(const Context& context, const ReducePlan& plan);
void reduce_max(const Context& context, const ReducePlan& plan);
void reduce_min(const Context& context, const ReducePlan& plan);
void reduce_arg_max(const Context& context, const ReducePlan& plan);
void reduce_arg_min(const Context& context, const ReducePlan& plan);
void reduce_var(const Context& context, const ReducePlan& plan);
void reduce_any(const Context& context, const ReducePlan& plan);
void reduce_all(const Context& context, const ReducePlan& plan);

void reduce(const Context& context, const ReduceCall& call);

}  // namespace libtensor::cuda
