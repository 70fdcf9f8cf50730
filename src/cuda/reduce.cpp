#include "cuda/reduce.h"

#include <algorithm>

#include "cuda/cuda_kernel.h"
#include "cuda/cut.h"

namespace libtensor::cuda {
namespace {

constexpr int64_t kWantedBlocks = 512;  // enough to fill any device
constexpr int64_t kLeastPerLane = 16;   // elements, before an output is worth more than a block
constexpr int64_t kMaxSplits = 256;

const char* name_of(ReduceOp op) {
  static constexpr const char* kNames[] = {"sum", "mean", "max", "min", "argmax", "argmin", "max",
                                           "min", "any",  "all", "var", "std",    "prod"};
  return kNames[static_cast<int>(op)];
}

void collect_dims(const ReduceCall& call, ReducePlan& plan) {
  plan.kept.operands = 3;
  plan.reduced.operands = 1;
  int64_t count = 1;
  for (int i = call.ndim - 1; i >= 0; --i) {
    const int64_t size = call.shape[i];
    const bool is_reduced = call.reduced >> i & 1;
    if (is_reduced) count = wrapping_product(count, size);
    if (size == 1) continue;
    if (is_reduced) {
      plan.reduced.strides[0][plan.reduced.ndim] = call.in.strides[i];
      plan.reduced.push(size);
    } else {
      plan.kept.strides[0][plan.kept.ndim] = call.in.strides[i];
      plan.kept.strides[1][plan.kept.ndim] = call.out.strides[i];
      plan.kept.strides[2][plan.kept.ndim] = call.second.strides ? call.second.strides[i] : 0;
      plan.kept.push(size);
    }
  }
  plan.count = count;
}

ReducePlan plan_of(const ReduceCall& call, bool positions) {
  ReducePlan plan{.operation = name_of(call.op),
                  .kept = {},
                  .reduced = {},
                  .mean = call.op == ReduceOp::kMean,
                  .index_only = call.op == ReduceOp::kArgMax || call.op == ReduceOp::kArgMin,
                  .in_dtype = call.in.dtype,
                  .in = call.in.data,
                  .out = call.out.data,
                  .second = call.second.data};
  plan.correction = call.correction;
  plan.root = call.op == ReduceOp::kStd;
  collect_dims(call, plan);
  plan.kept.sort_by_stride();
  plan.kept.collapse();
  if (!positions) plan.reduced.sort_by_stride();  // positions count in the dims' own order
  plan.reduced.collapse();
  plan.lanes_adjacent =
      plan.kept.ndim == 0 ||
      (plan.reduced.ndim > 0 && plan.reduced.strides[0][0] <= plan.kept.strides[0][0]);
  return plan;
}

void run(const Context& context, ReduceOp op, const ReducePlan& plan) {
  switch (op) {
    case ReduceOp::kSum:
    case ReduceOp::kMean:
      return reduce_sum(context, plan);
    case ReduceOp::kProd:
      return reduce_prod(context, plan);
    case ReduceOp::kMax:
      return reduce_max(context, plan);
    case ReduceOp::kMin:
      return reduce_min(context, plan);
    case ReduceOp::kArgMax:
    case ReduceOp::kMaxIndex:
      return reduce_arg_max(context, plan);
    case ReduceOp::kArgMin:
    case ReduceOp::kMinIndex:
      return reduce_arg_min(context, plan);
    case ReduceOp::kAny:
      return reduce_any(context, plan);
    case ReduceOp::kAll:
      return reduce_all(context, plan);
    case ReduceOp::kVar:
    case ReduceOp::kStd:
      return reduce_var(context, plan);
  }
}

}  // namespace

ReduceRuns::ReduceRuns(const ReducePlan& plan, const LoopNest<1>& piece, uint32_t elements,
                       int64_t begin, int64_t before)
    : reduced(piece),
      offset(begin),
      position(before),
      count(elements),
      rows(RowShape::choose(elements, plan.outputs, plan.lanes_adjacent)) {
  const int64_t blocks = ceil_div<int64_t>(plan.outputs, rows.rows_per_block());
  const int64_t most = count / (int64_t{rows.lanes} * kLeastPerLane);
  const int64_t wanted = std::clamp<int64_t>(kWantedBlocks / std::max<int64_t>(blocks, 1), 1,
                                             std::clamp<int64_t>(most, 1, kMaxSplits));
  chunk = static_cast<uint32_t>(std::max<int64_t>(1, ceil_div<int64_t>(count, wanted)));
  splits = std::max(1u, ceil_div(count, chunk));
}

void reduce(const Context& context, const ReduceCall& call) {
  const bool positions = call.op == ReduceOp::kArgMax || call.op == ReduceOp::kArgMin ||
                         call.op == ReduceOp::kMaxIndex || call.op == ReduceOp::kMinIndex;
  ReducePlan plan = plan_of(call, positions);
  const LoopNest<3> kept = plan.kept;
  cut(kept, [&](const LoopNest<3>& piece, uint32_t outputs, const int64_t(&first)[3]) {
    plan.kept = piece;
    plan.outputs = outputs;
    std::copy_n(first, 3, plan.first);
    run(context, call.op, plan);
  });
}

namespace {
const CudaKernel<reduce> add_reduce;
}  // namespace

}  // namespace libtensor::cuda
