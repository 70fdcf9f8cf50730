#include "core/calls/softmax.h"

#include <algorithm>

#include "core/scalar_math.h"
#include "cuda/block_reduce.h"
#include "cuda/cuda_kernel.h"
#include "cuda/cut.h"
#include "cuda/elements.h"
#include "cuda/index_math.h"
#include "cuda/launch.h"

namespace libtensor::cuda {
namespace {

// Row r of all begins at r / inner * length * inner + r % inner; its elements are `inner` apart. A
// launch takes `count` from the row `first` on.
struct Rows {
  RowShape shape;
  uint32_t count;
  int64_t first, length, inner;

  __device__ int64_t begin(uint32_t row) const {
    const int64_t of_all = first + row;
    return of_all / inner * length * inner + of_all % inner;
  }
};

template <class A>
__device__ A sum_of(A a, A b) {
  return a + b;
}

template <class S, bool kLog>
__global__ void __launch_bounds__(kReduceThreads) softmax_kernel(const S* in, S* out, Rows rows) {
  using A = ComputeOf<S>;
  const RowThread thread(rows.shape);
  const uint32_t row = blockIdx.x * (kReduceThreads / rows.shape.lanes) + thread.row;
  const bool active = row < rows.count;
  const int64_t begin = active ? rows.begin(row) : 0;
  const int64_t length = active ? rows.length : 0;

  A greatest = -static_cast<A>(INFINITY);
  for (int64_t i = thread.lane; i < length; i += rows.shape.lanes) {
    const A x = convert<A>(in[begin + i * rows.inner]);
    if (x > greatest || x != x) greatest = x;
  }
  // A NaN anywhere makes the sum NaN by itself.
  greatest = row_total(greatest, rows.shape, thread, [](A a, A b) { return a > b ? a : b; });

  A total = 0;
  for (int64_t i = thread.lane; i < length; i += rows.shape.lanes) {
    total += std::exp(convert<A>(in[begin + i * rows.inner]) - greatest);
  }
  total = row_total(total, rows.shape, thread, sum_of<A>);
  const A log_total = kLog ? std::log(total) : A(0);

  for (int64_t i = thread.lane; i < length; i += rows.shape.lanes) {
    const int64_t at = begin + i * rows.inner;
    const A x = convert<A>(in[at]) - greatest;
    out[at] = convert<S>(kLog ? x - log_total : std::exp(x) / total);
  }
}

// y being the forward's result: (g - sum(g y)) y, and for the logarithm g - exp(y) sum(g).
template <class S, bool kLog>
__global__ void __launch_bounds__(kReduceThreads)
    softmax_backward_kernel(const S* result, const S* grad, S* out, Rows rows) {
  using A = ComputeOf<S>;
  const RowThread thread(rows.shape);
  const uint32_t row = blockIdx.x * (kReduceThreads / rows.shape.lanes) + thread.row;
  const bool active = row < rows.count;
  const int64_t begin = active ? rows.begin(row) : 0;
  const int64_t length = active ? rows.length : 0;

  A total = 0;
  for (int64_t i = thread.lane; i < length; i += rows.shape.lanes) {
    const int64_t at = begin + i * rows.inner;
    const A g = convert<A>(grad[at]);
    total += kLog ? g : g * convert<A>(result[at]);
  }
  total = row_total(total, rows.shape, thread, sum_of<A>);

  for (int64_t i = thread.lane; i < length; i += rows.shape.lanes) {
    const int64_t at = begin + i * rows.inner;
    const A g = convert<A>(grad[at]), y = convert<A>(result[at]);
    out[at] = convert<S>(kLog ? g - std::exp(y) * total : (g - total) * y);
  }
}

// Calls body(Rows) for each launch.
template <class F>
void for_rows(const SoftmaxRows& call, const F& body) {
  const int64_t count = call.outer * call.inner;
  const RowShape shape = RowShape::choose(call.length, count, call.inner == 1);
  for (int64_t first = 0; first < count; first += max_kernel_elements()) {
    const int64_t some = std::min(count - first, max_kernel_elements());
    body(Rows{shape, static_cast<uint32_t>(some), first, call.length, call.inner});
  }
}

LaunchConfig config_of(const char* operation, const Context& context, const Rows& rows,
                       size_t shared_each) {
  return {operation, context.stream, ceil_div(rows.count, rows.shape.rows_per_block()),
          kReduceThreads, kReduceThreads * shared_each};
}

void softmax(const Context& context, const SoftmaxCall& call) {
  dispatch_floating(call.dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    for_rows(call, [&](const Rows& rows) {
      launch(call.log ? softmax_kernel<S, true> : softmax_kernel<S, false>,
             config_of(call.log ? "log_softmax" : "softmax", context, rows, sizeof(ComputeOf<S>)),
             static_cast<const S*>(call.in), static_cast<S*>(call.out), rows);
    });
  });
}

void softmax_backward(const Context& context, const SoftmaxBackwardCall& call) {
  const char* const operation = call.log ? "log_softmax_backward" : "softmax_backward";
  dispatch_floating(call.dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    for_rows(call, [&](const Rows& rows) {
      launch(call.log ? softmax_backward_kernel<S, true> : softmax_backward_kernel<S, false>,
             config_of(operation, context, rows, sizeof(ComputeOf<S>)),
             static_cast<const S*>(call.result), static_cast<const S*>(call.grad),
             static_cast<S*>(call.out), rows);
    });
  });
}

const CudaKernel<softmax> add_softmax;
const CudaKernel<softmax_backward> add_softmax_backward;

}  // namespace
}  // namespace libtensor::cuda
