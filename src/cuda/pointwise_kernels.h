// From functors to kernels. Included by one .cu file for each family of functors.
#pragma once

#include <utility>

#include "core/scalar_math.h"
#include "cuda/elements.h"
#include "cuda/launch.h"
#include "cuda/pointwise.h"
#include "cuda/report_fault.h"

namespace libtensor::cuda {

constexpr int kPointwiseThreads = 256;
constexpr int kStridedItems = 4;  // elements for each thread

template <class F, class S>
using ResultOf = std::conditional_t<F::returns_bool, bool, S>;

// Divisions of integers report a divisor of 0; others have nothing to report.
struct NothingToReport {
  NothingToReport(const Context&, const char*) {}
  template <class C>
  __device__ __forceinline__ bool is_fault(C) const {
    return false;
  }
  __device__ __forceinline__ void report() const {}
};
struct ZeroReporter {
  FaultReporter reporter;
  ZeroReporter(const Context& context, const char* operation)
      : reporter(context, {.kind = FaultKind::kZeroDivision, .operation = operation}) {}
  template <class C>
  __device__ __forceinline__ bool is_fault(C divisor) const {
    return divisor == C(0);
  }
  __device__ __forceinline__ void report() const { report_fault(reporter, 0); }
};
template <class F, class C>
using Reporter =
    std::conditional_t<F::divides && std::is_integral_v<C>, ZeroReporter, NothingToReport>;

// One thread takes 16 bytes of each input; the last one what is left over.
template <class S, int kInputs>
struct FlatInputs {
  static constexpr int kCount = 16 / sizeof(S);
  const Stored<S>* data[kInputs];
  ComputeOf<S> numbers[kInputs];

  // The input's elements from `at` on.
  template <int kInput>
  __device__ __forceinline__ void load(uint32_t at, ComputeOf<S> (&out)[kCount]) const {
    if (data[kInput]) {
      const auto loaded = *reinterpret_cast<const Vector<Stored<S>, kCount>*>(data[kInput] + at);
#pragma unroll
      for (int i = 0; i < kCount; ++i) out[i] = element(loaded.values[i]);
    } else {
#pragma unroll
      for (int i = 0; i < kCount; ++i) out[i] = numbers[kInput];
    }
  }
  template <int kInput>
  __device__ __forceinline__ ComputeOf<S> load_one(uint32_t at) const {
    return data[kInput] ? element(data[kInput][at]) : numbers[kInput];
  }

 private:
  static __device__ __forceinline__ ComputeOf<S> element(Stored<S> value) {
    if constexpr (std::is_same_v<S, bool>)
      return value != 0;
    else
      return convert<ComputeOf<S>>(value);
  }
};

template <class F, class C>
using ParametersFor = typename F::template Parameters<C>;
template <class F, class C>
using ParameterIndices = std::make_index_sequence<ParametersFor<F, C>::kCount>;

template <class F, class S, size_t... kInput, size_t... kOther>
__device__ __forceinline__ void flat_body(Stored<ResultOf<F, S>>* out,
                                          const FlatInputs<S, F::inputs>& in, uint32_t numel,
                                          const ParametersFor<F, ComputeOf<S>>& with,
                                          const Reporter<F, ComputeOf<S>>& reporter,
                                          std::index_sequence<kInput...>,
                                          std::index_sequence<kOther...>) {
  using C = ComputeOf<S>;
  using Result = ResultOf<F, S>;
  constexpr int kCount = FlatInputs<S, F::inputs>::kCount;
  const uint32_t at = (blockIdx.x * blockDim.x + threadIdx.x) * kCount;
  if (at + kCount <= numel) {
    C values[F::inputs][kCount];
    (in.template load<kInput>(at, values[kInput]), ...);
    Vector<Stored<Result>, kCount> results;
    bool fault = false;
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      fault |= reporter.is_fault(values[F::inputs - 1][i]);
      results.values[i] = to_stored<Result>(
          F::template apply<C>(ScalarTag<C>(), values[kInput][i]..., get<kOther>(with)...));
    }
    *reinterpret_cast<Vector<Stored<Result>, kCount>*>(out + at) = results;
    if (fault) reporter.report();
  } else {
    for (uint32_t i = at; i < numel; ++i) {
      if (reporter.is_fault(in.template load_one<F::inputs - 1>(i))) reporter.report();
      out[i] = to_stored<Result>(F::template apply<C>(
          ScalarTag<C>(), in.template load_one<kInput>(i)..., get<kOther>(with)...));
    }
  }
}

template <class F, class S>
__global__ void __launch_bounds__(kPointwiseThreads)
    flat_kernel(Stored<ResultOf<F, S>>* out, FlatInputs<S, F::inputs> in, uint32_t numel,
                ParametersFor<F, ComputeOf<S>> with, Reporter<F, ComputeOf<S>> reporter) {
  flat_body<F, S>(out, in, numel, with, reporter, std::make_index_sequence<F::inputs>(),
                  ParameterIndices<F, ComputeOf<S>>());
}

template <class F, class S>
void launch_flat(const Context& context, const FlatPlan& plan) {
  using C = ComputeOf<S>;
  FlatInputs<S, F::inputs> in;
  for (int k = 0; k < F::inputs; ++k) {
    in.data[k] = static_cast<const Stored<S>*>(plan.in[k].data);
    __builtin_memcpy(&in.numbers[k], plan.in[k].number, sizeof(C));
  }
  constexpr uint32_t kPerBlock = kPointwiseThreads * (16 / sizeof(S));
  launch(flat_kernel<F, S>,
         {plan.operation, context.stream, ceil_div(plan.numel, kPerBlock), kPointwiseThreads},
         static_cast<Stored<ResultOf<F, S>>*>(plan.out), in, plan.numel,
         ParametersFor<F, C>(plan.parameters), Reporter<F, C>(context, plan.operation));
}

template <class C, int kInputs>
struct StridedArguments {
  uint32_t numel;
  DType out_dtype;
  DType dtypes[kInputs];
  void* out;
  const void* data[kInputs];
  C numbers[kInputs];
  KernelNest<1 + kInputs> nest;

  explicit StridedArguments(const StridedPlan& plan)
      : numel(plan.numel), out_dtype(plan.out_dtype), out(plan.out), nest(plan.nest) {
    for (int k = 0; k < kInputs; ++k) {
      dtypes[k] = plan.in[k].dtype;
      data[k] = plan.in[k].data;
      __builtin_memcpy(&numbers[k], plan.in[k].number, sizeof(C));
    }
  }
};

template <class F, class C, size_t... kInput, size_t... kOther>
__device__ __forceinline__ void strided_body(const StridedArguments<C, F::inputs>& call,
                                             const ParametersFor<F, C>& with,
                                             const Reporter<F, C>& reporter,
                                             std::index_sequence<kInput...>,
                                             std::index_sequence<kOther...>) {
  const uint32_t first = blockIdx.x * (blockDim.x * kStridedItems) + threadIdx.x;
  for (int item = 0; item < kStridedItems; ++item) {
    const uint32_t element = first + item * blockDim.x;
    if (element >= call.numel) return;
    int64_t offsets[1 + F::inputs] = {};
    call.nest.locate(element, offsets);
    C values[F::inputs];
    ((values[kInput] = call.data[kInput]
                           ? load_as<C>(call.data[kInput], call.dtypes[kInput], offsets[1 + kInput])
                           : call.numbers[kInput]),
     ...);
    if (reporter.is_fault(values[F::inputs - 1])) reporter.report();
    const auto result =
        F::template apply<C>(ScalarTag<C>(), values[kInput]..., get<kOther>(with)...);
    store_as(call.out, call.out_dtype, offsets[0], result);
  }
}

template <class F, class C>
__global__ void __launch_bounds__(kPointwiseThreads)
    strided_kernel(StridedArguments<C, F::inputs> call, ParametersFor<F, C> with,
                   Reporter<F, C> reporter) {
  strided_body<F, C>(call, with, reporter, std::make_index_sequence<F::inputs>(),
                     ParameterIndices<F, C>());
}

template <class F, class C>
void launch_strided(const Context& context, const StridedPlan& plan) {
  constexpr uint32_t kPerBlock = kPointwiseThreads * kStridedItems;
  launch(strided_kernel<F, C>,
         {plan.operation, context.stream, ceil_div(plan.numel, kPerBlock), kPointwiseThreads},
         StridedArguments<C, F::inputs>(plan), ParametersFor<F, C>(plan.parameters),
         Reporter<F, C>(context, plan.operation));
}

template <class F, class S>
void fill_kernel(PointwiseEntry& entry) {
  using C = ComputeOf<S>;
  if constexpr ((F::dtypes & dtype_bit(dtype_of<C>)) != 0) {
    // Sixteen divisions of bytes that watch for zeros do not fit the registers: one by one.
    if constexpr (!(F::divides && std::is_same_v<S, uint8_t>))
      entry.flat[static_cast<int>(dtype_of<S>)] = launch_flat<F, S>;
    if constexpr (std::is_same_v<S, C>) {
      entry.strided[static_cast<int>(dtype_of<C>)] = launch_strided<F, C>;
    }
  }
}

template <class F>
void fill_entry(PointwiseEntry& entry) {
  entry.returns_bool = F::returns_bool;
  fill_kernel<F, bool>(entry);
  fill_kernel<F, uint8_t>(entry);
  fill_kernel<F, int8_t>(entry);
  fill_kernel<F, int16_t>(entry);
  fill_kernel<F, int32_t>(entry);
  fill_kernel<F, int64_t>(entry);
  fill_kernel<F, Half>(entry);
  fill_kernel<F, BFloat16>(entry);
  fill_kernel<F, float>(entry);
  fill_kernel<F, double>(entry);
}

// The functors of a family, in the order of their numbers.
template <class... Functors>
void fill_family(PointwiseEntry* entries) {
  (fill_entry<Functors>(*entries++), ...);
}

}  // namespace libtensor::cuda
