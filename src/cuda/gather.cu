// gather and scatter: an index for each element.
#include "core/checked_index.h"
#include "core/scalar_math.h"
#include "cuda/check_index.h"
#include "cuda/elements.h"
#include "cuda/index.h"
#include "cuda/index_math.h"
#include "cuda/launch.h"

namespace libtensor::cuda {
namespace {

constexpr uint32_t kThreads = 256;

// Self without the indexed dim (stride 0 there), index, other.
using Nest = LoopNest<3>;

// Without the dim `skipped`.
Nest nest_of(const GatherCall& call, int skipped) {
  Nest nest;
  nest.operands = 3;
  for (int i = call.ndim - 1; i >= 0; --i) {
    if (i == skipped || call.shape[i] == 1) continue;
    nest.strides[0][nest.ndim] = i == call.dim ? 0 : call.self.strides[i];
    nest.strides[1][nest.ndim] = call.index.strides[i];
    nest.strides[2][nest.ndim] = call.other.strides[i];
    nest.push(call.shape[i]);
  }
  nest.collapse();
  return nest;
}

uint32_t numel_of(const Nest& nest) {
  int64_t numel = 1;
  for (int i = 0; i < nest.ndim; ++i) numel *= nest.shape[i];
  check_kernel_size(numel);
  return static_cast<uint32_t>(numel);
}

void check_indices(const Context& context, const char* operation, const GatherCall& call) {
  LoopNest<1> nest;
  nest.operands = 1;
  for (int i = call.ndim - 1; i >= 0; --i) {
    nest.strides[0][nest.ndim] = call.index.strides[i];
    nest.push(call.shape[i]);
  }
  nest.collapse();
  const auto bad =
      first_bad_index(context, operation, call.index.data, call.index.dtype, nest, call.dim_size);
  check(!bad, "index ", bad.value_or(0), " is out of bounds for dimension ", call.dim,
        " with size ", call.dim_size);
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    gather_kernel(const T* self, const int64_t* index, T* out, KernelNest<3> nest, uint32_t numel,
                  int64_t dim_size, int64_t self_stride) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= numel) return;
  int64_t offsets[3] = {};
  nest.locate(i, offsets);
  out[offsets[2]] =
      self[offsets[0] + read_index_within(index + offsets[1], dim_size) * self_stride];
}

// The dim along which elements may meet in one place.
struct Line {
  uint32_t length;
  int64_t dim_size, self_stride, index_stride, other_stride;
};

// One thread walks along a line, so that the last element assigned wins and sums have one order.
template <class T, bool kAdd>
__global__ void __launch_bounds__(kThreads)
    scatter_kernel(Stored<T>* self, const int64_t* index, const Stored<T>* source,
                   KernelNest<3> nest, uint32_t lines, Line line) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= lines) return;
  int64_t offsets[3] = {};
  nest.locate(i, offsets);
  for (uint32_t k = 0; k < line.length; ++k) {
    Stored<T>& target =
        self[offsets[0] +
             read_index_within(index + offsets[1] + k * line.index_stride, line.dim_size) *
                 line.self_stride];
    const Stored<T> value = source[offsets[2] + k * line.other_stride];
    if constexpr (kAdd) {
      using C = ComputeOf<T>;
      target = to_stored<T>(Add(convert<C>(target), convert<C>(value)));
    } else {
      target = value;
    }
  }
}

template <class T, bool kAdd>
void launch_scatter(const Context& context, const char* operation, const GatherCall& call) {
  const Nest nest = nest_of(call, call.dim);
  const uint32_t lines = numel_of(nest);
  const Line line{static_cast<uint32_t>(call.shape[call.dim]), call.dim_size,
                  call.self.strides[call.dim], call.index.strides[call.dim],
                  call.other.strides[call.dim]};
  launch(scatter_kernel<T, kAdd>, {operation, context.stream, ceil_div(lines, kThreads), kThreads},
         static_cast<Stored<T>*>(call.self.data), static_cast<const int64_t*>(call.index.data),
         static_cast<const Stored<T>*>(call.other.data), KernelNest<3>(nest), lines, line);
}

}  // namespace

void gather(const Context& context, const GatherCall& call) {
  check_indices(context, "gather", call);
  const Nest nest = nest_of(call, -1);
  const uint32_t numel = numel_of(nest);
  dispatch_size(size_of(call.self.dtype), [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch(gather_kernel<T>, {"gather", context.stream, ceil_div(numel, kThreads), kThreads},
           static_cast<const T*>(call.self.data), static_cast<const int64_t*>(call.index.data),
           static_cast<T*>(call.other.data), KernelNest<3>(nest), numel, call.dim_size,
           call.self.strides[call.dim]);
  });
}

void scatter(const Context& context, const GatherCall& call, ScatterMode mode) {
  const char* const operation = mode == ScatterMode::kAdd ? "scatter_add" : "scatter";
  check_indices(context, operation, call);
  if (mode == ScatterMode::kAssign) {
    return dispatch_size(size_of(call.self.dtype), [&](auto tag) {
      launch_scatter<typename decltype(tag)::type, false>(context, operation, call);
    });
  }
  dispatch(call.self.dtype, [&](auto tag) {
    launch_scatter<typename decltype(tag)::type, true>(context, operation, call);
  });
}

}  // namespace libtensor::cuda
