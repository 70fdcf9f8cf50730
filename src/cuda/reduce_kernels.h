// From what a reduction computes to its two kernels. Included by one .cu file for each.
//
// A policy P<S> for elements of type S has: A, what is accumulated; identity(); from(element, its
// position); combine(a, b), a being the earlier; store(arguments, offsets, total).
#pragma once

#include "core/scalar_math.h"
#include "cuda/block_reduce.h"
#include "cuda/elements.h"
#include "cuda/launch.h"
#include "cuda/reduce.h"

namespace libtensor::cuda {

constexpr uint32_t kUnroll = 4;  // elements on their way at once, each in a total of its own

struct ReduceArguments {
  KernelNest<3> kept;
  KernelNest<1> reduced;
  RowShape rows;
  uint32_t outputs, count, splits, chunk;
  bool mean, index_only;
  const void* in;
  void *out, *index;

  explicit ReduceArguments(const ReducePlan& plan)
      : kept(plan.kept),
        reduced(plan.reduced),
        rows(plan.rows),
        outputs(plan.outputs),
        count(plan.count),
        splits(plan.splits),
        chunk(plan.chunk),
        mean(plan.mean),
        index_only(plan.index_only),
        in(plan.in),
        out(plan.out),
        index(plan.index) {}
};

template <class P>
__device__ typename P::A element_at(const ReduceArguments& call, int64_t row_offset,
                                    uint32_t position) {
  int64_t offset[1] = {row_offset};
  call.reduced.locate(position, offset);
  return P::from(load_one<typename P::C, typename P::S>(call.in, offset[0]), position);
}

// The part of a row's run that one lane meets.
template <class P>
__device__ typename P::A lane_total(const ReduceArguments& call, int64_t row_offset, uint32_t begin,
                                    uint32_t end) {
  using A = typename P::A;
  const uint32_t lanes = call.rows.lanes;
  A totals[kUnroll];
#pragma unroll
  for (uint32_t k = 0; k < kUnroll; ++k) totals[k] = P::identity();
  uint32_t i = begin;
  for (; i + (kUnroll - 1) * lanes < end; i += kUnroll * lanes) {
#pragma unroll
    for (uint32_t k = 0; k < kUnroll; ++k) {
      totals[k] = P::combine(totals[k], element_at<P>(call, row_offset, i + k * lanes));
    }
  }
  for (; i < end; i += lanes) {
    totals[0] = P::combine(totals[0], element_at<P>(call, row_offset, i));
  }
#pragma unroll
  for (uint32_t k = 1; k < kUnroll; ++k) totals[0] = P::combine(totals[0], totals[k]);
  return totals[0];
}

template <class P>
__device__ void store_total(const ReduceArguments& call, uint32_t output, typename P::A total) {
  int64_t offsets[3] = {};
  call.kept.locate(output, offsets);
  P::store(call, offsets, total);
}

template <class P>
__global__ void __launch_bounds__(kReduceThreads)
    reduce_kernel(ReduceArguments call, typename P::A* partial) {
  using A = typename P::A;
  const RowThread thread(call.rows);
  const uint32_t split = blockIdx.y;
  const uint32_t output = blockIdx.x * (kReduceThreads / call.rows.lanes) + thread.row;
  A total = P::identity();
  if (output < call.outputs) {
    int64_t offsets[3] = {};
    call.kept.locate(output, offsets);
    const uint32_t begin = split * call.chunk;
    const uint32_t end = begin + call.chunk < call.count ? begin + call.chunk : call.count;
    total = lane_total<P>(call, offsets[0], begin + thread.lane, end);
  }
  total = row_total(total, call.rows, thread, [](A a, A b) { return P::combine(a, b); });
  if (thread.lane != 0 || output >= call.outputs) return;
  if (call.splits == 1) {
    store_total<P>(call, output, total);
  } else {
    partial[static_cast<size_t>(split) * call.outputs + output] = total;
  }
}

// The second pass: one thread for each output.
template <class P>
__global__ void __launch_bounds__(kReduceThreads)
    combine_kernel(ReduceArguments call, const typename P::A* partial) {
  const uint32_t output = blockIdx.x * blockDim.x + threadIdx.x;
  if (output >= call.outputs) return;
  typename P::A total = partial[output];
#pragma unroll 1  // the few splits are not worth the registers (8 bytes would be spilled for uint8)
  for (uint32_t split = 1; split < call.splits; ++split) {
    total = P::combine(total, partial[static_cast<size_t>(split) * call.outputs + output]);
  }
  store_total<P>(call, output, total);
}

template <class P>
void launch_reduce(const Context& context, const ReducePlan& plan) {
  using A = typename P::A;
  const ReduceArguments arguments(plan);
  const Scratch partial(context,
                        plan.splits == 1 ? 0 : size_t{plan.splits} * plan.outputs * sizeof(A));
  launch(reduce_kernel<P>,
         {plan.operation, context.stream,
          dim3(ceil_div(plan.outputs, plan.rows.rows_per_block()), plan.splits), kReduceThreads,
          kReduceThreads * sizeof(A)},
         arguments, partial.data<A>());
  if (plan.splits == 1) return;
  launch(combine_kernel<P>,
         {plan.operation, context.stream, ceil_div(plan.outputs, kReduceThreads), kReduceThreads},
         arguments, partial.data<A>());
}

// Launches P<S> for the input's dtype.
template <template <class> class P>
void dispatch_reduce(const Context& context, const ReducePlan& plan) {
  dispatch(plan.in_dtype,
           [&](auto tag) { launch_reduce<P<typename decltype(tag)::type>>(context, plan); });
}

template <class T>
__device__ bool is_nan(T value) {
  return value != value;
}

}  // namespace libtensor::cuda
