// From what a reduction computes to its two kernels. Included by one .cu file for each.
//
// A policy P<S> for elements of type S has: A, what is accumulated; identity(); from(element, its
// position); combine(a, b), a being the earlier; store(arguments, offsets, total).
#pragma once

#include "core/scalar_math.h"
#include "cuda/block_reduce.h"
#include "cuda/cut.h"
#include "cuda/elements.h"
#include "cuda/launch.h"
#include "cuda/reduce.h"

namespace libtensor::cuda {

constexpr uint32_t kUnroll = 4;  // elements on their way at once, each in a total of its own

struct ReduceArguments {
  KernelNest<3> kept;
  KernelNest<1> reduced;
  RowShape rows;
  int64_t first[3], offset, position;
  int64_t total;  // of each output's elements
  uint32_t outputs, count, chunk;
  uint32_t splits;  // of all launches
  bool mean, index_only, root;
  double correction;
  const void* in;
  void *out, *second;

  ReduceArguments(const ReducePlan& plan, const ReduceRuns& runs, uint32_t all_splits)
      : kept(plan.kept),
        reduced(runs.reduced),
        rows(runs.rows),
        first{plan.first[0], plan.first[1], plan.first[2]},
        offset(runs.offset),
        position(runs.position),
        total(plan.count),
        outputs(plan.outputs),
        count(runs.count),
        chunk(runs.chunk),
        splits(all_splits),
        mean(plan.mean),
        index_only(plan.index_only),
        root(plan.root),
        correction(plan.correction),
        in(plan.in),
        out(plan.out),
        second(plan.second) {}

  LIBTENSOR_HOST_DEVICE void locate(uint32_t output, int64_t (&offsets)[3]) const {
    for (int k = 0; k < 3; ++k) offsets[k] = first[k];
    kept.locate(output, offsets);
  }
};

template <class P>
__device__ typename P::A element_at(const ReduceArguments& call, int64_t row_offset,
                                    uint32_t position) {
  int64_t offset[1] = {row_offset};
  call.reduced.locate(position, offset);
  return P::from(load_one<typename P::C, typename P::S>(call.in, offset[0]),
                 call.position + position);
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
  int64_t offsets[3];
  call.locate(output, offsets);
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
    int64_t offsets[3];
    call.locate(output, offsets);
    const uint32_t begin = split * call.chunk;
    const uint32_t end = begin + call.chunk < call.count ? begin + call.chunk : call.count;
    total = lane_total<P>(call, offsets[0] + call.offset, begin + thread.lane, end);
  }
  total = row_total(total, call.rows, thread, [](A a, A b) { return P::combine(a, b); });
  if (thread.lane != 0 || output >= call.outputs) return;
  if (call.splits == 1) {
    store_total<P>(call, output, total);
  } else {
    partial[static_cast<size_t>(split) * call.outputs + output] = total;
  }
}

// The second pass, over the totals of the runs.
template <class P>
__global__ void __launch_bounds__(kReduceThreads)
    combine_kernel(ReduceArguments call, const typename P::A* partial) {
  using A = typename P::A;
  const RowThread thread(call.rows);
  const uint32_t output = blockIdx.x * (kReduceThreads / call.rows.lanes) + thread.row;
  A total = P::identity();
  if (output < call.outputs) {
#pragma unroll 1  // the few splits are not worth the registers (8 bytes would be spilled for uint8)
    for (uint32_t split = thread.lane; split < call.splits; split += call.rows.lanes) {
      total = P::combine(total, partial[static_cast<size_t>(split) * call.outputs + output]);
    }
  }
  total = row_total(total, call.rows, thread, [](A a, A b) { return P::combine(a, b); });
  if (thread.lane == 0 && output < call.outputs) store_total<P>(call, output, total);
}

// Calls body(ReduceRuns) for each launch that the plan takes.
template <class F>
void for_runs(const ReducePlan& plan, const F& body) {
  if (plan.count == 0) return body(ReduceRuns(plan, plan.reduced, 0, 0, 0));
  int64_t position = 0;
  cut(plan.reduced, [&](const LoopNest<1>& piece, uint32_t count, const int64_t(&first)[1]) {
    body(ReduceRuns(plan, piece, count, first[0], position));
    position += count;
  });
}

template <class P>
void launch_reduce(const Context& context, const ReducePlan& plan) {
  using A = typename P::A;
  uint32_t splits = 0;
  for_runs(plan, [&](const ReduceRuns& runs) { splits += runs.splits; });
  const Scratch partial(context, splits == 1 ? 0 : size_t{splits} * plan.outputs * sizeof(A));
  uint32_t done = 0;
  for_runs(plan, [&](const ReduceRuns& runs) {
    launch(reduce_kernel<P>,
           {plan.operation, context.stream,
            dim3(ceil_div(plan.outputs, runs.rows.rows_per_block()), runs.splits), kReduceThreads,
            kReduceThreads * sizeof(A)},
           ReduceArguments(plan, runs, splits), partial.data<A>() + size_t{done} * plan.outputs);
    done += runs.splits;
    if (splits == 1 || done < splits) return;
    ReduceArguments arguments(plan, runs, splits);
    arguments.rows = RowShape::choose(splits, plan.outputs, /*lanes_adjacent=*/false);
    launch(combine_kernel<P>,
           {plan.operation, context.stream, ceil_div(plan.outputs, arguments.rows.rows_per_block()),
            kReduceThreads, kReduceThreads * sizeof(A)},
           arguments, partial.data<A>());
  });
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
