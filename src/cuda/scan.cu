// Running totals. A block takes a line and brings it, run by run, into order: each thread totals
// neighbours of its own, the threads' totals are added up to one another in shared memory (W.
// Hillis, G. Steele, "Data parallel algorithms", 1986), and each thread goes through its
// neighbours again. Where there are many lines, or short ones, each is one thread's.
#include "core/calls/scan.h"

#include "core/steps.h"
#include "cuda/cuda_kernel.h"
#include "cuda/cut.h"
#include "cuda/elements.h"
#include "cuda/index_math.h"
#include "cuda/launch.h"

namespace libtensor::cuda {
namespace {

constexpr uint32_t kThreads = 256;
constexpr uint32_t kEach = 4;            // neighbours that a thread takes
constexpr int64_t kManyLines = 1 << 14;  // enough to fill a device, a thread for each
constexpr int64_t kShortLine = 64;

enum { kOut, kIn, kFactor, kOperands };

// A policy P<S>: A, the total of a run of elements; of(element, factor), of one; combine(a, b), of
// two runs, a being the earlier; value(total), what is written.
template <class S, class Step>
struct Fold {
  using C = ComputeOf<S>;
  using A = C;
  static constexpr bool kHasFactor = false;
  static __device__ A of(C x, C) { return x; }
  static __device__ A combine(A a, A b) { return Step::combine(a, b); }
  static __device__ C value(A total) { return total; }
};
template <class S>
using Sum = Fold<S, AddStep>;
template <class S>
using Product = Fold<S, MultiplyStep>;

// What a run makes of the total before it: factor * before + sum (G. Blelloch, "Prefix sums and
// their applications", 1990).
template <class S>
struct Recurrence {
  using C = ComputeOf<S>;
  struct A {
    C factor, sum;
  };
  static constexpr bool kHasFactor = true;
  static __device__ A of(C x, C factor) { return {factor, x}; }
  static __device__ A combine(A a, A b) {
    return {Mul(a.factor, b.factor), Add(Mul(a.sum, b.factor), b.sum)};
  }
  static __device__ C value(A total) { return total.sum; }
};

struct Line {
  int64_t length, step[kOperands];
};

template <class S>
struct Pointers {
  S* out;
  const S *in, *factor;

  __device__ Pointers at(const int64_t (&offsets)[kOperands]) const {
    return {out + offsets[kOut], in + offsets[kIn], factor + offsets[kFactor]};
  }
};

template <class P, class S>
__device__ typename P::A element(const Pointers<S>& line, const Line& steps, int64_t i) {
  using C = typename P::C;
  C factor{};
  if constexpr (P::kHasFactor) factor = convert<C>(line.factor[i * steps.step[kFactor]]);
  return P::of(convert<C>(line.in[i * steps.step[kIn]]), factor);
}

template <class P, class S>
__global__ void __launch_bounds__(kThreads)
    scan_by_threads(Pointers<S> pointers, KernelNest<kOperands> nest, uint32_t lines, Line steps) {
  const uint32_t number = blockIdx.x * blockDim.x + threadIdx.x;
  if (number >= lines) return;
  int64_t offsets[kOperands] = {};
  nest.locate(number, offsets);
  const Pointers<S> line = pointers.at(offsets);
  typename P::A total{};
  for (int64_t i = 0; i < steps.length; ++i) {
    const auto own = element<P>(line, steps, i);
    total = i == 0 ? own : P::combine(total, own);
    line.out[i * steps.step[kOut]] = convert<S>(P::value(total));
  }
}

// The totals up to and including each thread's own; all threads of the block take part.
template <class P>
__device__ typename P::A running_total(typename P::A own) {
  using A = typename P::A;
  A* const shared = shared_memory<A>();
  shared[threadIdx.x] = own;
  __syncthreads();
  for (uint32_t step = 1; step < kThreads; step *= 2) {
    if (threadIdx.x >= step) own = P::combine(shared[threadIdx.x - step], own);
    __syncthreads();
    shared[threadIdx.x] = own;
    __syncthreads();
  }
  return own;
}

template <class P, class S>
__global__ void __launch_bounds__(kThreads)
    scan_by_blocks(Pointers<S> pointers, KernelNest<kOperands> nest, Line steps) {
  using A = typename P::A;
  int64_t offsets[kOperands] = {};
  nest.locate(blockIdx.x, offsets);
  const Pointers<S> line = pointers.at(offsets);
  A before{};  // the total of all earlier runs
  for (int64_t begin = 0; begin < steps.length; begin += kThreads * kEach) {
    const int64_t first = begin + threadIdx.x * kEach;
    const int64_t left = steps.length - first;
    const uint32_t count = left <= 0 ? 0 : left < kEach ? static_cast<uint32_t>(left) : kEach;
    A own[kEach], total{};
    for (uint32_t k = 0; k < count; ++k) {
      own[k] = element<P>(line, steps, first + k);
      total = k == 0 ? own[0] : P::combine(total, own[k]);
    }
    // Threads without elements are behind all that have some, and nobody reads their totals.
    running_total<P>(total);
    const A* const shared = shared_memory<A>();
    const int64_t last = (steps.length - begin - 1) / kEach;
    const A run = shared[last < kThreads ? last : kThreads - 1];
    A up_to = before;
    bool any = begin > 0;
    if (threadIdx.x > 0) {
      up_to = any ? P::combine(before, shared[threadIdx.x - 1]) : shared[threadIdx.x - 1];
      any = true;
    }
    for (uint32_t k = 0; k < count; ++k) {
      up_to = any ? P::combine(up_to, own[k]) : own[k];
      any = true;
      line.out[(first + k) * steps.step[kOut]] = convert<S>(P::value(up_to));
    }
    before = begin > 0 ? P::combine(before, run) : run;
    __syncthreads();  // the shared memory is used again
  }
}

template <template <class> class P, class S>
void scan_lines(const Context& context, const ScanCall& call) {
  using Policy = P<S>;
  const Operand* const operands[kOperands] = {&call.out, &call.in, &call.factor};
  LoopNest<kOperands> nest;  // all dims but that of the call
  nest.operands = kOperands;
  Line line{1, {}};
  for (int i = call.ndim - 1; i >= 0; --i) {
    for (int k = 0; k < kOperands; ++k) {
      const int64_t stride = operands[k]->data ? operands[k]->strides[i] : 0;
      (i == call.dim ? line.step[k] : nest.strides[k][nest.ndim]) = stride;
    }
    if (i == call.dim)
      line.length = call.shape[i];
    else if (call.shape[i] != 1)
      nest.push(call.shape[i]);
  }
  nest.sort_by_stride();
  nest.collapse();
  cut(nest,
      [&](const LoopNest<kOperands>& piece, uint32_t lines, const int64_t(&first)[kOperands]) {
        const Pointers<S> pointers{static_cast<S*>(call.out.data) + first[kOut],
                                   static_cast<const S*>(call.in.data) + first[kIn],
                                   static_cast<const S*>(call.factor.data) + first[kFactor]};
        const KernelNest<kOperands> located(piece);
        if (lines >= kManyLines || line.length <= kShortLine) {
          launch(scan_by_threads<Policy, S>,
                 {"scan", context.stream, ceil_div(lines, kThreads), kThreads}, pointers, located,
                 lines, line);
        } else {
          launch(scan_by_blocks<Policy, S>,
                 {"scan", context.stream, lines, kThreads, kThreads * sizeof(typename Policy::A)},
                 pointers, located, line);
        }
      });
}

template <template <class> class P>
void scan_with(const Context& context, const ScanCall& call) {
  dispatch(call.out.dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    constexpr bool kFits = P<S>::kHasFactor ? is_floating(dtype_of<S>) : !std::is_same_v<S, bool>;
    if constexpr (kFits) scan_lines<P, S>(context, call);
  });
}

void scan(const Context& context, const ScanCall& call) {
  switch (call.op) {
    case ScanOp::kSum:
      return scan_with<Sum>(context, call);
    case ScanOp::kProduct:
      return scan_with<Product>(context, call);
    case ScanOp::kRecurrence:
      return scan_with<Recurrence>(context, call);
  }
}

const CudaKernel<scan> add_scan;

}  // namespace
}  // namespace libtensor::cuda
