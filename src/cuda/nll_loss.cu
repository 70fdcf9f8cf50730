#include "core/calls/nll_loss.h"
#include "cuda/block_reduce.h"
#include "cuda/check_index.h"
#include "cuda/cuda_kernel.h"
#include "cuda/elements.h"
#include "cuda/index_math.h"
#include "cuda/launch.h"
#include "cuda/report_fault.h"

namespace libtensor::cuda {
namespace {

enum { kNone = 0, kMean = 1, kSum = 2 };
constexpr uint32_t kThreads = kReduceThreads;

FaultReporter reporter_for(const Context& context, const char* operation) {
  return {context, {.kind = FaultKind::kTarget, .operation = operation}};
}

void check_targets(const Context& context, const FaultSite& site, const NllLossOperands& call) {
  LoopNest<1> nest;
  nest.operands = 1;
  nest.strides[0][0] = 1;
  nest.push(call.rows);
  check_indices(context, site, call.target, DType::kInt64, nest, call.classes, call.ignore_index);
}

template <class A>
struct LossAndWeight {
  A loss, weight;
};

template <class S, class A = ComputeOf<S>>
__device__ LossAndWeight<A> loss_of_row(const NllLossOperands& call, const FaultReporter& reporter,
                                        int64_t row) {
  const int64_t target = read_index(call.target + row);
  if (target == call.ignore_index) return {A(0), A(0)};
  if (!is_within(target, call.classes)) {
    report_fault(reporter, target);
    return {A(0), A(0)};
  }
  const A weight = call.weight ? convert<A>(static_cast<const S*>(call.weight)[target]) : A(1);
  const S input = static_cast<const S*>(
      call.input)[row * call.input_row_stride + target * call.input_class_stride];
  return {-weight * convert<A>(input), weight};
}

template <class S>
__global__ void __launch_bounds__(kThreads)
    nll_rows_kernel(NllLossOperands call, FaultReporter reporter) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (row < call.rows)
    static_cast<S*>(call.out)[row] = convert<S>(loss_of_row<S>(call, reporter, row).loss);
  if (row == 0 && call.total_weight) *static_cast<S*>(call.total_weight) = convert<S>(0.0f);
}

// One block for all rows: one order of adding up.
template <class S>
__global__ void __launch_bounds__(kThreads)
    nll_total_kernel(NllLossOperands call, FaultReporter reporter) {
  using A = ComputeOf<S>;
  LossAndWeight<A> total{A(0), A(0)};
  const auto add = [](LossAndWeight<A> a, LossAndWeight<A> b) {
    return LossAndWeight<A>{a.loss + b.loss, a.weight + b.weight};
  };
  for (int64_t row = threadIdx.x; row < call.rows; row += kThreads) {
    total = add(total, loss_of_row<S>(call, reporter, row));
  }
  const RowShape shape{kThreads, true};
  total = row_total(total, shape, RowThread(shape), add);
  if (threadIdx.x != 0) return;
  // With nothing to average the mean is NaN.
  *static_cast<S*>(call.out) =
      convert<S>(call.reduction == Reduction::kMean ? total.loss / total.weight : total.loss);
  if (call.total_weight) *static_cast<S*>(call.total_weight) = convert<S>(total.weight);
}

// One thread for each row; the other elements are 0 already.
template <class S>
__global__ void __launch_bounds__(kThreads)
    nll_backward_kernel(NllLossBackwardCall call, FaultReporter reporter) {
  using A = ComputeOf<S>;
  const int64_t row = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (row >= call.rows) return;
  const int64_t target = read_index(call.target + row);
  if (target == call.ignore_index) return;
  if (!is_within(target, call.classes)) return report_fault(reporter, target);
  const S* const grad = static_cast<const S*>(call.grad);
  A value = call.weight ? -convert<A>(static_cast<const S*>(call.weight)[target]) : A(-1);
  value *= convert<A>(grad[call.reduction == Reduction::kNone ? row : 0]);
  if (call.reduction == Reduction::kMean)
    value /= convert<A>(*static_cast<const S*>(call.total_weight));
  static_cast<S*>(call.out)[row * call.classes + target] = convert<S>(value);
}

uint32_t blocks_for(const NllLossOperands& call) {
  return static_cast<uint32_t>(ceil_div<int64_t>(call.rows, kThreads));
}

void nll_loss(const Context& context, const NllLossCall& call) {
  const FaultReporter reporter = reporter_for(context, "nll_loss");
  if (call.at_once) check_targets(context, reporter.site, call);
  const uint32_t blocks = blocks_for(call) + (call.rows == 0);
  dispatch_floating(call.dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    if (call.reduction == Reduction::kNone) {
      launch(nll_rows_kernel<S>, {"nll_loss", context.stream, blocks, kThreads},
             NllLossOperands(call), reporter);
      return;
    }
    launch(
        nll_total_kernel<S>,
        {"nll_loss", context.stream, 1, kThreads, kThreads * sizeof(LossAndWeight<ComputeOf<S>>)},
        NllLossOperands(call), reporter);
  });
}

void nll_loss_backward(const Context& context, const NllLossBackwardCall& call) {
  const char* const operation = "nll_loss_backward";
  const FaultReporter reporter = reporter_for(context, operation);
  if (call.at_once) check_targets(context, reporter.site, call);
  if (call.rows == 0 || call.classes == 0) return;
  check_cuda(
      cudaMemsetAsync(call.out, 0, call.rows * call.classes * size_of(call.dtype), context.stream),
      operation);
  dispatch_floating(call.dtype, [&](auto tag) {
    launch(nll_backward_kernel<typename decltype(tag)::type>,
           {operation, context.stream, blocks_for(call), kThreads}, call, reporter);
  });
}

const CudaKernel<nll_loss> add_nll_loss;
const CudaKernel<nll_loss_backward> add_nll_loss_backward;

}  // namespace
}  // namespace libtensor::cuda
