// From functors to kernels over contiguous blocks, once per instruction set.
#if defined(LIBTENSOR_CPU_POINTWISE_KERNELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LIBTENSOR_CPU_POINTWISE_KERNELS_INL_H_
#undef LIBTENSOR_CPU_POINTWISE_KERNELS_INL_H_
#else
#define LIBTENSOR_CPU_POINTWISE_KERNELS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>
#include <utility>

#include "core/calls/pointwise.h"
#include "core/scalar_math.h"
#include "cpu/kernel_tables.h"
#include "cpu/partial_vectors-inl.h"
#include "cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor {
namespace cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Functors find numbers' functions by these declarations, and Highway's by their arguments.
using libtensor::Abs, libtensor::Add, libtensor::Div, libtensor::Eq, libtensor::Ge, libtensor::Gt,
    libtensor::IfThenElse, libtensor::IsNaN, libtensor::Le, libtensor::Lt, libtensor::Mul,
    libtensor::MulAdd, libtensor::Ne, libtensor::Neg, libtensor::NegMulAdd, libtensor::Or,
    libtensor::Pow, libtensor::PowScalar, libtensor::Set, libtensor::Sqrt, libtensor::Sub,
    libtensor::Zero, libtensor::Exp, libtensor::Log, libtensor::Tanh, libtensor::Sigmoid,
    libtensor::Erf, libtensor::Round;

// A bool in memory may come from anywhere: any byte but 0 is true.
template <class T>
HWY_INLINE T LoadNumber(const T* p, int64_t i) {
  if constexpr (std::is_same_v<T, bool>)
    return reinterpret_cast<const uint8_t*>(p)[i] != 0;
  else
    return p[i];
}

// `in` holds the inputs as pointers to T; kIndex counts them, kOther the parameters.
template <class F, class T, size_t... kIndex, size_t... kOther>
HWY_INLINE HWY_ATTR void ScalarLoop(void* out, const void* const* in, int64_t n,
                                    [[maybe_unused]] const typename F::template Parameters<T>& with,
                                    std::index_sequence<kIndex...>,
                                    std::index_sequence<kOther...>) {
  using Result = std::conditional_t<F::returns_bool, bool, T>;
  const T* const sources[] = {static_cast<const T*>(in[kIndex])...};
  Result* const result = static_cast<Result*>(out);
  // In place, iteration i reads and writes the same element i, and no other.
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    result[i] = F::template apply<T>(ScalarTag<T>(), LoadNumber(sources[kIndex], i)...,
                                     get<kOther>(with)...);
  }
}

template <class F, class D, class T, size_t... kIndex, size_t... kOther>
HWY_INLINE HWY_ATTR void ApplyVector(
    D d, T* out, const T* const* sources, int64_t i,
    [[maybe_unused]] const typename F::template Parameters<T>& with, std::index_sequence<kIndex...>,
    std::index_sequence<kOther...>) {
  hn::StoreU(F::template apply<T>(d, hn::LoadU(d, sources[kIndex] + i)..., get<kOther>(with)...), d,
             out + i);
}

template <class F, class T, size_t... kIndex, size_t... kOther>
HWY_INLINE HWY_ATTR void VectorLoop(void* out, const void* const* in, int64_t n,
                                    const typename F::template Parameters<T>& with,
                                    std::index_sequence<kIndex...> indices,
                                    std::index_sequence<kOther...> others) {
  const hn::ScalableTag<T> d;
  const hn::CappedTag<T, 1> one;
  const T* const sources[] = {static_cast<const T*>(in[kIndex])...};
  T* const result = static_cast<T*>(out);
  if (n == 1) return ApplyVector<F>(one, result, sources, 0, with, indices, others);
  constexpr int64_t kLanes = HWY_LANES(T);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) ApplyVector<F>(d, result, sources, i, with, indices, others);
  if (i < n) {
    const int64_t rest = n - i;
    StorePartial(
        d,
        F::template apply<T>(d, LoadPadded(d, sources[kIndex] + i, rest)..., get<kOther>(with)...),
        result + i, rest);
  }
}

template <class F, class T>
HWY_ATTR void PointwiseLoop(void* out, const void* const* in, int64_t n, const Scalar* parameters) {
  using Parameters = typename F::template Parameters<T>;
  constexpr auto kInputs = std::make_index_sequence<F::inputs>();
  constexpr auto kOthers = std::make_index_sequence<Parameters::kCount>();
  if constexpr (F::copies) {
    if (out != in[0]) std::memcpy(out, in[0], n * sizeof(T));
  } else if constexpr (std::is_floating_point_v<T> && F::vectorized) {
    VectorLoop<F, T>(out, in, n, Parameters(parameters), kInputs, kOthers);
  } else {
    ScalarLoop<F, T>(out, in, n, Parameters(parameters), kInputs, kOthers);
  }
}

template <class F, class T>
void FillKernel(PointwiseEntry& entry) {
  static_assert(F::template Parameters<T>::kCount <= PointwiseCall::kMaxParameters);
  if constexpr ((F::dtypes & dtype_bit(dtype_of<T>)) != 0) {
    entry.kernels[static_cast<int>(dtype_of<T>)] = PointwiseLoop<F, T>;
  }
}

template <class F>
void FillEntry(PointwiseEntry& entry) {
  entry.returns_bool = F::returns_bool;
  FillKernel<F, bool>(entry);
  FillKernel<F, uint8_t>(entry);
  FillKernel<F, int8_t>(entry);
  FillKernel<F, int16_t>(entry);
  FillKernel<F, int32_t>(entry);
  FillKernel<F, int64_t>(entry);
  FillKernel<F, float>(entry);
  FillKernel<F, double>(entry);
}

// The functors of a family, in the order of their numbers.
template <class... Functors>
void FillFamily(PointwiseEntry* entries) {
  (FillEntry<Functors>(*entries++), ...);
}

}  // namespace HWY_NAMESPACE
}  // namespace cpu
}  // namespace libtensor
HWY_AFTER_NAMESPACE();

#endif  // LIBTENSOR_CPU_POINTWISE_KERNELS_INL_H_
