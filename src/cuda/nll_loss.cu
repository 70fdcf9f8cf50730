#include "cuda/nll_loss.h"

#include "core/checked_index.h"
#include "cuda/block_reduce.h"
#include "cuda/check_index.h"
#include "cuda/elements.h"
#include "cuda/index_math.h"
#include "cuda/launch.h"

namespace libtensor::cuda {
namespace {

enum { kNone = 0, kMean = 1, kSum = 2 };
constexpr uint32_t kThreads = kReduceThreads;

void check_targets(const Context& context, const char* operation, const NllLossCall& call) {
  LoopNest<1> nest;
  nest.operands = 1;
  nest.strides[0][0] = 1;
  nest.push(call.rows);
  const auto bad = first_bad_index(context, operation, call.target, DType::kInt64, nest,
                                   call.classes, call.ignore_index);
  check_as(Status::kIndexError, !bad, "Target ", bad.value_or(0), " is out of bounds.");
}

template <class A>
struct LossAndWeight {
  A loss, weight;
};

template <class S, class A = ComputeOf<S>>
__device__ LossAndWeight<A> loss_of_row(const NllLossCall& call, int64_t row) {
  const int64_t target = read_index(call.target + row);
  if (target == call.ignore_index || !is_within(target, call.classes)) return {A(0), A(0)};
  const A weight = call.weight ? convert<A>(static_cast<const S*>(call.weight)[target]) : A(1);
  const S input = static_cast<const S*>(
      call.input)[row * call.input_row_stride + target * call.input_class_stride];
  return {-weight * convert<A>(input), weight};
}

template <class S>
__global__ void __launch_bounds__(kThreads) nll_rows_kernel(NllLossCall call) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (row < call.rows) static_cast<S*>(call.out)[row] = convert<S>(loss_of_row<S>(call, row).loss);
  if (row == 0 && call.total_weight) *static_cast<S*>(call.total_weight) = convert<S>(0.0f);
}

// One block for all rows: one order of adding up.
template <class S>
__global__ void __launch_bounds__(kThreads) nll_total_kernel(NllLossCall call) {
  using A = ComputeOf<S>;
  LossAndWeight<A> total{A(0), A(0)};
  const auto add = [](LossAndWeight<A> a, LossAndWeight<A> b) {
    return LossAndWeight<A>{a.loss + b.loss, a.weight + b.weight};
  };
  for (int64_t row = threadIdx.x; row < call.rows; row += kThreads) {
    total = add(total, loss_of_row<S>(call, row));
  }
  const RowShape shape{kThreads, true};
  total = row_total(total, shape, RowThread(shape), add);
  if (threadIdx.x != 0) return;
  // With nothing to average the mean is NaN.
  *static_cast<S*>(call.out) =
      convert<S>(call.reduction == kMean ? total.loss / total.weight : total.loss);
  if (call.total_weight) *static_cast<S*>(call.total_weight) = convert<S>(total.weight);
}

template <class S>
__global__ void __launch_bounds__(kThreads) nll_backward_kernel(NllLossCall call) {
  using A = ComputeOf<S>;
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= call.rows * call.classes) return;
  const int64_t row = i / call.classes, target = read_index(call.target + row);
  A value = 0;
  if (target != call.ignore_index && i % call.classes == target) {
    const S* const grad = static_cast<const S*>(call.grad);
    value = call.weight ? -convert<A>(static_cast<const S*>(call.weight)[target]) : A(-1);
    value *= convert<A>(grad[call.reduction == kNone ? row : 0]);
    if (call.reduction == kMean) value /= convert<A>(*static_cast<const S*>(call.total_weight));
  }
  static_cast<S*>(call.out)[i] = convert<S>(value);
}

}  // namespace

void nll_loss(const Context& context, const NllLossCall& call) {
  check_targets(context, "nll_loss", call);
  const auto blocks =
      static_cast<uint32_t>(ceil_div<int64_t>(call.rows, kThreads)) + (call.rows == 0);
  dispatch_floating(call.dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    if (call.reduction == kNone) {
      launch(nll_rows_kernel<S>, {"nll_loss", context.stream, blocks, kThreads}, call);
      return;
    }
    launch(
        nll_total_kernel<S>,
        {"nll_loss", context.stream, 1, kThreads, kThreads * sizeof(LossAndWeight<ComputeOf<S>>)},
        call);
  });
}

void nll_loss_backward(const Context& context, const NllLossCall& call) {
  check_targets(context, "nll_loss_backward", call);
  const int64_t numel = call.rows * call.classes;
  check_kernel_size(numel);
  if (numel == 0) return;
  const auto blocks = static_cast<uint32_t>(ceil_div<int64_t>(numel, kThreads));
  dispatch_floating(call.dtype, [&](auto tag) {
    launch(nll_backward_kernel<typename decltype(tag)::type>,
           {"nll_loss_backward", context.stream, blocks, kThreads}, call);
  });
}

}  // namespace libtensor::cuda
