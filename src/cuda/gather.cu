// Reading and writing at positions that another tensor names: one for each element (gather,
// scatter), or for each slice along a dim, which is the same with an index that does not move along
// the other dims.
#include "core/calls/gather.h"
#include "core/calls/index.h"
#include "core/steps.h"
#include "cuda/check_index.h"
#include "cuda/cuda_kernel.h"
#include "cuda/cut.h"
#include "cuda/elements.h"
#include "cuda/index_math.h"
#include "cuda/launch.h"
#include "cuda/report_fault.h"

namespace libtensor::cuda {
namespace {

constexpr uint32_t kThreads = 256;

// Self without the indexed dim (stride 0 there), index, other.
using Nest = LoopNest<3>;

// The dim that is indexed, along which elements may meet in one place.
struct Line {
  int64_t length, dim_size, self_stride, index_stride, other_stride;
};

// A call of either kind.
struct Plan {
  const Context& context;
  FaultReporter reporter;
  Operand self, index, other;
  Nest whole, outside;  // all dims; all but the indexed one
  Line line;
};

void push_dim(Nest& nest, int64_t size, int64_t self, int64_t index, int64_t other) {
  if (size == 1) return;
  nest.strides[0][nest.ndim] = self;
  nest.strides[1][nest.ndim] = index;
  nest.strides[2][nest.ndim] = other;
  nest.push(size);
}

template <class Call, class IndexStride>
Plan plan_of(const Context& context, const FaultSite& site, const Call& call,
             IndexStride index_stride) {
  Plan plan{context, {context, site}, call.self, call.index, call.other, {}, {}, {}};
  plan.whole.operands = plan.outside.operands = 3;
  plan.line = {1, call.dim_size, 0, 0, 0};
  for (int i = call.ndim - 1; i >= 0; --i) {
    const int64_t size = call.shape[i], self = call.self.strides[i], other = call.other.strides[i];
    if (i == call.dim) {
      plan.line = {size, call.dim_size, self, index_stride(i), other};
      push_dim(plan.whole, size, 0, index_stride(i), other);
    } else {
      push_dim(plan.whole, size, self, index_stride(i), other);
      push_dim(plan.outside, size, self, index_stride(i), other);
    }
  }
  plan.whole.collapse();
  plan.outside.collapse();
  return plan;
}

Plan plan_of(const Context& context, const char* operation, const GatherOperands& call) {
  return plan_of(context, {FaultKind::kIndex, call.dim, operation, call.dim_size}, call,
                 [&](int i) { return call.index.strides[i]; });
}

Plan plan_of(const Context& context, const FaultSite& site, const IndexOperands& call) {
  return plan_of(context, site, call, [&](int i) { return i == call.dim ? call.index_stride : 0; });
}

void check_all(const Plan& plan) {
  LoopNest<1> nest;
  nest.operands = 1;
  for (int i = 0; i < plan.whole.ndim; ++i) {
    if (plan.whole.strides[1][i] == 0) continue;  // the same indices again
    nest.strides[0][nest.ndim] = plan.whole.strides[1][i];
    nest.push(plan.whole.shape[i]);
  }
  nest.collapse();
  check_indices(plan.context, plan.reporter.site, plan.index.data, plan.index.dtype, nest,
                plan.line.dim_size);
}

template <class T, class I>
__global__ void __launch_bounds__(kThreads)
    gather_kernel(const T* self, const I* index, T* out, KernelNest<3> nest, uint32_t numel,
                  Line line, FaultReporter reporter) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= numel) return;
  int64_t offsets[3] = {}, at;
  nest.locate(i, offsets);
  const bool good = read_good_index(reporter, index + offsets[1], line.dim_size, at);
  out[offsets[2]] = good ? self[offsets[0] + at * line.self_stride] : T(0);
}

struct AssignStep {};

// One thread walks along a line, so that the last element assigned wins and sums have one order.
template <class T, class I, class Step>
__global__ void __launch_bounds__(kThreads)
    scatter_kernel(Stored<T>* self, const I* index, const Stored<T>* source, KernelNest<3> nest,
                   uint32_t lines, Line line, FaultReporter reporter) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= lines) return;
  int64_t offsets[3] = {}, at;
  nest.locate(i, offsets);
  for (int64_t k = 0; k < line.length; ++k) {
    const I* const named = index + offsets[1] + k * line.index_stride;
    if (!read_good_index(reporter, named, line.dim_size, at)) continue;
    Stored<T>& target = self[offsets[0] + at * line.self_stride];
    const Stored<T> value = source[offsets[2] + k * line.other_stride];
    if constexpr (std::is_same_v<Step, AssignStep>) {
      target = value;
    } else {
      using C = ComputeOf<T>;
      target = to_stored<T>(Step::combine(convert<C>(target), convert<C>(value)));
    }
  }
}

template <class F>
void dispatch_index(DType dtype, F body) {
  if (dtype == DType::kInt32) return body(TypeTag<int32_t>{});
  body(TypeTag<int64_t>{});
}

LaunchConfig config_of(const Plan& plan, uint32_t threads) {
  return {plan.reporter.site.operation, plan.context.stream, ceil_div(threads, kThreads), kThreads};
}

template <class T, class I>
void launch_gather(const Plan& plan) {
  cut(plan.whole, [&](const Nest& piece, uint32_t count, const int64_t(&first)[3]) {
    launch(gather_kernel<T, I>, config_of(plan, count),
           static_cast<const T*>(plan.self.data) + first[0],
           static_cast<const I*>(plan.index.data) + first[1],
           static_cast<T*>(plan.other.data) + first[2], KernelNest<3>(piece), count, plan.line,
           plan.reporter);
  });
}

template <class T, class I, class Step>
void launch_scatter(const Plan& plan) {
  cut(plan.outside, [&](const Nest& piece, uint32_t count, const int64_t(&first)[3]) {
    launch(scatter_kernel<T, I, Step>, config_of(plan, count),
           static_cast<Stored<T>*>(plan.self.data) + first[0],
           static_cast<const I*>(plan.index.data) + first[1],
           static_cast<const Stored<T>*>(plan.other.data) + first[2], KernelNest<3>(piece), count,
           plan.line, plan.reporter);
  });
}

void gather(const Context& context, const GatherCall& call) {
  const Plan plan = plan_of(context, "gather", call);
  if (call.at_once) check_all(plan);
  dispatch_size(size_of(call.self.dtype),
                [&](auto tag) { launch_gather<typename decltype(tag)::type, int64_t>(plan); });
}

template <class Step>
void scatter_with(const ScatterCall& call, const Plan& plan) {
  dispatch(call.self.dtype,
           [&](auto tag) { launch_scatter<typename decltype(tag)::type, int64_t, Step>(plan); });
}

void scatter(const Context& context, const ScatterCall& call) {
  static constexpr const char* kNames[] = {"scatter", "scatter_add", "scatter_prod", "scatter_max",
                                           "scatter_min"};
  const Plan plan = plan_of(context, kNames[static_cast<int>(call.mode)], call);
  if (call.at_once) check_all(plan);
  switch (call.mode) {
    case ScatterMode::kAssign:
      return dispatch_size(size_of(call.self.dtype), [&](auto tag) {
        launch_scatter<typename decltype(tag)::type, int64_t, AssignStep>(plan);
      });
    case ScatterMode::kAdd:
      return scatter_with<AddStep>(call, plan);
    case ScatterMode::kMultiply:
      return scatter_with<MultiplyStep>(call, plan);
    case ScatterMode::kMax:
      return scatter_with<MaxStep>(call, plan);
    case ScatterMode::kMin:
      return scatter_with<MinStep>(call, plan);
  }
}

void index_select(const Context& context, const IndexSelectCall& call) {
  const FaultSite site{.kind = FaultKind::kIndexInSelf, .operation = "index_select"};
  const Plan plan = plan_of(context, site, call);
  if (call.at_once) check_all(plan);
  dispatch_size(size_of(call.self.dtype), [&](auto tag) {
    dispatch_index(call.index.dtype, [&](auto index_tag) {
      launch_gather<typename decltype(tag)::type, typename decltype(index_tag)::type>(plan);
    });
  });
}

void index_add(const Context& context, const IndexAddCall& call) {
  const FaultKind kind = call.ndim <= 1 ? FaultKind::kIndexInSelf : FaultKind::kIndex;
  const Plan plan = plan_of(context, {kind, call.dim, "index_add", call.dim_size}, call);
  if (call.at_once) check_all(plan);
  dispatch(call.self.dtype, [&](auto tag) {
    dispatch_index(call.index.dtype, [&](auto index_tag) {
      launch_scatter<typename decltype(tag)::type, typename decltype(index_tag)::type, AddStep>(
          plan);
    });
  });
}

void check_index(const Context& context, const CheckIndexCall& call) {
  if (call.at_once) check_all(plan_of(context, "check_index", call));
}

const CudaKernel<check_index> add_check_index;
const CudaKernel<gather> add_gather;
const CudaKernel<scatter> add_scatter;
const CudaKernel<index_select> add_index_select;
const CudaKernel<index_add> add_index_add;

}  // namespace
}  // namespace libtensor::cuda
