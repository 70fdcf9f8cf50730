// Sums, maxima and the like over contiguous elements, once per instruction set.
#include "core/scalar_math.h"
#include "cpu/kernel_families.h"
#include "cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/reduce_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>


HWY_BEFORE_NAMESPACE();
namespace libtensor::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using libtensor::Add, libtensor::Gt, libtensor::IfThenElse, libtensor::IsNaN, libtensor::Lt, libtensor::Or;

struct SumStep {
  template <class V>
  static LIBTENSOR_INLINE V combine(V a, V b) {
    return Add(a, b);
  }
};

// A NaN wins, the earlier one.
struct MaxStep {
  template <class V>
  static LIBTENSOR_INLINE V combine(V a, V b) {
    return IfThenElse(Or(Gt(a, b), IsNaN(a)), a, b);
  }
};
struct MinStep {
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

// Lane j of a virtual vector of kLanes takes the elements j, j + kLanes, ... Then halves are folded together. The
// number of lanes does not depend on the instruction set, so neither does the result.
inline constexpr int64_t kLanes = 64;

template <class Step, class T>
HWY_INLINE HWY_ATTR T FoldLanes(T* lanes, int64_t count) {
  for (int64_t width = kLanes / 2; width > 0; width /= 2) {
    if (width >= count) continue;
    for (int64_t j = 0; j < width && j + width < count; ++j) {
      lanes[j] = Step::combine(lanes[j], lanes[j + width]);
    }
    count = width;
  }
  return lanes[0];
}

template <class Step, class T>
HWY_INLINE HWY_ATTR T ReduceVectors(const T* in, int64_t n) {
  const hn::ScalableTag<T> d;
  constexpr int64_t kWidth = HWY_LANES(T);
  constexpr int64_t kVectors = kLanes / kWidth;
  HWY_ALIGN T lanes[kLanes];
  for (int64_t v = 0; v < kVectors; v += 4) {
    const T* p = in + v * kWidth;
    auto a = hn::LoadU(d, p), b = hn::LoadU(d, p + kWidth), c = hn::LoadU(d, p + 2 * kWidth),
         e = hn::LoadU(d, p + 3 * kWidth);
    for (int64_t i = kLanes; i + kLanes <= n; i += kLanes) {
      a = Step::combine(a, hn::LoadU(d, p + i));
      b = Step::combine(b, hn::LoadU(d, p + i + kWidth));
      c = Step::combine(c, hn::LoadU(d, p + i + 2 * kWidth));
      e = Step::combine(e, hn::LoadU(d, p + i + 3 * kWidth));
    }
    hn::Store(a, d, lanes + v * kWidth);
    hn::Store(b, d, lanes + (v + 1) * kWidth);
    hn::Store(c, d, lanes + (v + 2) * kWidth);
    hn::Store(e, d, lanes + (v + 3) * kWidth);
  }
  for (int64_t i = n / kLanes * kLanes, j = 0; i < n; ++i, ++j) {
    lanes[j] = Step::combine(lanes[j], in[i]);
  }
  return FoldLanes<Step>(lanes, kLanes);
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
    *static_cast<T*>(total) = n < kLanes ? ReduceFew<Step>(source, n) : ReduceVectors<Step>(source, n);
  } else {
    *static_cast<T*>(total) = ReduceFew<Step>(source, n);  // associative: the compiler vectorises it
  }
}

template <class Step, class T>
HWY_ATTR void ReduceColumns(void* totals, const void* in, int64_t row_stride, int64_t rows, int64_t n) {
  T* const total = static_cast<T*>(totals);
  const T* row = static_cast<const T*>(in);
  for (int64_t i = 0; i < rows; ++i, row += row_stride) {
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) total[j] = Step::combine(total[j], row[j]);
  }
}

template <class Step, class... Types>
void AddKernels(KernelTables& tables, Reduction op) {
  ((tables.reduce[static_cast<int>(op)][static_cast<int>(dtype_of<Types>)] =
        ReduceKernel{ReduceRow<Step, Types>, ReduceColumns<Step, Types>}),
   ...);
}

void FillReduce(KernelTables& tables) {
  AddKernels<SumStep, int64_t, float, double>(tables, Reduction::kSum);
  AddKernels<MaxStep, bool, uint8_t, int8_t, int16_t, int32_t, int64_t, float, double>(
      tables, Reduction::kMax);
  AddKernels<MinStep, bool, uint8_t, int8_t, int16_t, int32_t, int64_t, float, double>(
      tables, Reduction::kMin);
  AddKernels<AnyStep, bool>(tables, Reduction::kAny);
  AddKernels<AllStep, bool>(tables, Reduction::kAll);
}

}  // namespace libtensor::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace libtensor::cpu {
HWY_EXPORT(FillReduce);
void fill_reduce(KernelTables& tables) { HWY_DYNAMIC_DISPATCH(FillReduce)(tables); }
}  // namespace libtensor::cpu
#endif
