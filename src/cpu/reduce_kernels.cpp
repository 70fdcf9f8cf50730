// Sums, maxima and the like over contiguous elements, once per instruction set.
#include "core/scalar_math.h"
#include "cpu/kernel_tables.h"
#include "cpu/reduce.h"
#include "cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/reduce_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <limits>

#include "cpu/partial_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using libtensor::Add, libtensor::Gt, libtensor::IfThenElse, libtensor::IsNaN, libtensor::Lt,
    libtensor::Or;

// identity: combines with any x into x (for sums -0, since 0 would turn -0 into 0).
struct SumStep {
  template <class T>
  static constexpr T identity = std::is_floating_point_v<T> ? T(-0.0) : T(0);
  template <class V>
  static LIBTENSOR_INLINE V combine(V a, V b) {
    return Add(a, b);
  }
};

// A NaN wins, the earlier one.
struct MaxStep {
  template <class T>
  static constexpr T identity = -std::numeric_limits<T>::infinity();
  template <class V>
  static LIBTENSOR_INLINE V combine(V a, V b) {
    return IfThenElse(Or(Gt(a, b), IsNaN(a)), a, b);
  }
};
struct MinStep {
  template <class T>
  static constexpr T identity = std::numeric_limits<T>::infinity();
  template <class V>
  static LIBTENSOR_INLINE V combine(V a, V b) {
    return IfThenElse(Or(Lt(a, b), IsNaN(a)), a, b);
  }
};
struct AnyStep {
  static LIBTENSOR_INLINE bool combine(bool a, bool b) { return a | b; }
};
struct AllStep {
  static LIBTENSOR_INLINE bool combine(bool a, bool b) { return a & b; }
};

// Folds the upper half of the lanes onto the lower half until one is left.
template <class Step, class D, class V>
HWY_INLINE HWY_ATTR hn::TFromD<D> FoldVector(D d, V v) {
#if HWY_TARGET != HWY_SCALAR
  if constexpr (sizeof(v) > 16) {
    const hn::Half<D> half;
    return FoldVector<Step>(half, Step::combine(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  } else if constexpr (sizeof(hn::TFromD<D>) == 4) {
    v = Step::combine(v, hn::Shuffle1032(v));
    v = Step::combine(v, hn::Shuffle2301(v));
  } else {
    v = Step::combine(v, hn::Shuffle01(v));
  }
#endif
  (void)d;
  return hn::GetLane(v);
}

// Lane j of a virtual vector of kLanes takes the elements j, j + kLanes, ... Then halves are folded
// together. The number of lanes does not depend on the instruction set, so neither does the result.
inline constexpr int64_t kLanes = 64;

template <class Step, class T>
HWY_INLINE HWY_ATTR T ReduceVectors(const T* in, int64_t n) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kWidth = HWY_LANES(T);
  constexpr int kVectors = static_cast<int>(kLanes / kWidth);
  hn::Vec<decltype(d)> lanes[kVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) lanes[v] = hn::Set(d, Step::template identity<T>);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v)
      lanes[v] = Step::combine(lanes[v], hn::LoadU(d, in + i + v * kWidth));
  }
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    const int64_t rest = n - i - v * kWidth;
    if (rest >= kWidth) {
      lanes[v] = Step::combine(lanes[v], hn::LoadU(d, in + i + v * kWidth));
    } else if (rest > 0) {
      const auto known = hn::FirstN(d, static_cast<size_t>(rest));
      const auto x = LoadPartial(d, in + i + v * kWidth, rest);
      lanes[v] = hn::IfThenElse(known, Step::combine(lanes[v], x), lanes[v]);
    }
  }
#pragma GCC unroll 8
  for (int width = kVectors / 2; width > 0; width /= 2) {
#pragma GCC unroll 8
    for (int v = 0; v < width; ++v) lanes[v] = Step::combine(lanes[v], lanes[v + width]);
  }
  return FoldVector<Step>(d, lanes[0]);
}

template <class Step, class T>
HWY_INLINE HWY_ATTR T ReduceFew(const T* in, int64_t n) {
  T total = in[0];
  for (int64_t i = 1; i < n; ++i) total = Step::combine(total, in[i]);
  return total;
}

template <class Step, class T>
HWY_ATTR void ReduceRow(void* total, const void* in, int64_t n) {
  const T* const source = static_cast<const T*>(in);
  if constexpr (std::is_floating_point_v<T>) {
    *static_cast<T*>(total) = n <= 8 ? ReduceFew<Step>(source, n) : ReduceVectors<Step>(source, n);
  } else {
    *static_cast<T*>(total) =
        ReduceFew<Step>(source, n);  // associative: the compiler vectorises it
  }
}

template <class Step, class T>
HWY_ATTR void ReduceColumns(void* totals, const void* in, int64_t row_stride, int64_t rows,
                            int64_t n) {
  T* const total = static_cast<T*>(totals);
  const T* row = static_cast<const T*>(in);
  for (int64_t i = 0; i < rows; ++i, row += row_stride) {
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) total[j] = Step::combine(total[j], row[j]);
  }
}

template <class Step, class... Types>
void AddKernels(Reduction op) {
  ((reduce_kernels[static_cast<int>(op)][static_cast<int>(dtype_of<Types>)] =
        ReduceKernel{ReduceRow<Step, Types>, ReduceColumns<Step, Types>}),
   ...);
}

void FillReduce() {
  AddKernels<SumStep, int64_t, float, double>(Reduction::kSum);
  AddKernels<MaxStep, bool, uint8_t, int8_t, int16_t, int32_t, int64_t, float, double>(
      Reduction::kMax);
  AddKernels<MinStep, bool, uint8_t, int8_t, int16_t, int32_t, int64_t, float, double>(
      Reduction::kMin);
  AddKernels<AnyStep, bool>(Reduction::kAny);
  AddKernels<AllStep, bool>(Reduction::kAll);
}

}  // namespace libtensor::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace libtensor::cpu {
constinit ReduceKernel reduce_kernels[kReductionCount][kDTypeCount] = {};
HWY_EXPORT(FillReduce);
namespace {
const KernelFile file([] { HWY_DYNAMIC_DISPATCH(FillReduce)(); });
}  // namespace
}  // namespace libtensor::cpu
#endif
