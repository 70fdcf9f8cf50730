// index_select and index_add: an index for each slice along one dim.
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

// Self, other: without the indexed dim.
LoopNest<2> slice_of(const IndexCall& call) {
  LoopNest<2> nest;
  nest.operands = 2;
  for (int i = call.ndim - 1; i >= 0; --i) {
    if (i == call.dim || call.shape[i] == 1) continue;
    nest.strides[0][nest.ndim] = call.self.strides[i];
    nest.strides[1][nest.ndim] = call.other.strides[i];
    nest.push(call.shape[i]);
  }
  nest.sort_by_stride();
  nest.collapse();
  return nest;
}

struct SliceArguments {
  KernelNest<2> slice;
  IndexDivider slice_numel;
  uint32_t count;  // of indices
  int64_t dim_size, index_stride, self_step, other_step;

  explicit SliceArguments(const IndexCall& call)
      : slice(slice_of(call)),
        count(call.ndim > 0 ? static_cast<uint32_t>(call.shape[call.dim]) : 1),
        dim_size(call.dim_size),
        index_stride(call.index_stride),
        self_step(call.ndim > 0 ? call.self.strides[call.dim] : 0),
        other_step(call.ndim > 0 ? call.other.strides[call.dim] : 0) {
    int64_t numel = 1;
    for (int i = 0; i < call.ndim; ++i) numel *= i == call.dim ? 1 : call.shape[i];
    check_kernel_size(numel * count);
    slice_numel = IndexDivider(static_cast<uint32_t>(numel));
  }
};

std::optional<int64_t> bad_index(const Context& context, const char* operation,
                                 const IndexCall& call) {
  LoopNest<1> nest;
  nest.operands = 1;
  nest.strides[0][0] = call.index_stride;
  nest.push(call.ndim > 0 ? call.shape[call.dim] : 1);
  return first_bad_index(context, operation, call.index.data, call.index.dtype, nest,
                         call.dim_size);
}

template <class T, class I>
__global__ void __launch_bounds__(kThreads)
    index_select_kernel(const T* self, const I* index, T* out, SliceArguments call) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  const uint32_t slice = call.slice_numel.divide(i);
  if (slice >= call.count) return;
  int64_t offsets[2] = {
      read_index_within(index + slice * call.index_stride, call.dim_size) * call.self_step,
      slice * call.other_step};
  call.slice.locate(i - slice * call.slice_numel.divisor, offsets);
  out[offsets[1]] = self[offsets[0]];
}

// One thread for each element of a slice takes the indices in order, so that what meets in one
// place is added in one order.
template <class T, class I>
__global__ void __launch_bounds__(kThreads)
    index_add_kernel(Stored<T>* self, const I* index, const Stored<T>* source,
                     SliceArguments call) {
  using C = ComputeOf<T>;
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= call.slice_numel.divisor) return;
  int64_t offsets[2] = {};
  call.slice.locate(i, offsets);
  for (uint32_t k = 0; k < call.count; ++k) {
    Stored<T>& target =
        self[offsets[0] +
             read_index_within(index + k * call.index_stride, call.dim_size) * call.self_step];
    const Stored<T> value = source[offsets[1] + k * call.other_step];
    target = to_stored<T>(Add(convert<C>(target), convert<C>(value)));
  }
}

template <class F>
void dispatch_index(DType dtype, F body) {
  if (dtype == DType::kInt32) return body(TypeTag<int32_t>{});
  body(TypeTag<int64_t>{});
}

}  // namespace

void index_select(const Context& context, const IndexCall& call) {
  check_as(Status::kIndexError, !bad_index(context, "index_select", call),
           "index out of range in self");
  const SliceArguments arguments(call);
  const uint32_t numel = arguments.slice_numel.divisor * arguments.count;
  dispatch_size(size_of(call.self.dtype), [&](auto tag) {
    dispatch_index(call.index.dtype, [&](auto index_tag) {
      using T = typename decltype(tag)::type;
      using I = typename decltype(index_tag)::type;
      launch(index_select_kernel<T, I>,
             {"index_select", context.stream, ceil_div(numel, kThreads), kThreads},
             static_cast<const T*>(call.self.data), static_cast<const I*>(call.index.data),
             static_cast<T*>(call.other.data), arguments);
    });
  });
}

void index_add(const Context& context, const IndexCall& call) {
  if (const auto bad = bad_index(context, "index_add", call)) {
    if (call.ndim <= 1) fail(Status::kIndexError, "index out of range in self");
    fail(Status::kInvalidArgument, "index ", *bad, " is out of bounds for dimension ", call.dim,
         " with size ", call.dim_size);
  }
  const SliceArguments arguments(call);
  dispatch(call.self.dtype, [&](auto tag) {
    dispatch_index(call.index.dtype, [&](auto index_tag) {
      using T = typename decltype(tag)::type;
      using I = typename decltype(index_tag)::type;
      launch(index_add_kernel<T, I>,
             {"index_add", context.stream, ceil_div(arguments.slice_numel.divisor, kThreads),
              kThreads},
             static_cast<Stored<T>*>(call.self.data), static_cast<const I*>(call.index.data),
             static_cast<const Stored<T>*>(call.other.data), arguments);
    });
  });
}

}  // namespace libtensor::cuda
