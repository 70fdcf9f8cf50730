// The policies of reductions, over contiguous elements, once per instruction set.
#include "core/scalar_math.h"
#include "cpu/kernel_tables.h"
#include "cpu/reduce.h"
#include "cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/reduce_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "cpu/reduce_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor::cpu::HWY_NAMESPACE {

using libtensor::Add, libtensor::Gt, libtensor::IfThenElse, libtensor::IsNaN, libtensor::Lt,
    libtensor::Mul, libtensor::Or;

// identity: combines with any x into x (for sums -0, since 0 would turn -0 into 0).
// empty: what a reduction of nothing gives.
struct SumStep {
  template <class T>
  static constexpr T identity = std::is_floating_point_v<T> ? T(-0.0) : T(0);
  template <class T>
  static constexpr T empty = 0;
  template <class V>
  static LIBTENSOR_INLINE V combine(V a, V b) {
    return Add(a, b);
  }
};

struct ProductStep {
  template <class T>
  static constexpr T identity = 1;
  template <class T>
  static constexpr T empty = 1;
  template <class V>
  static LIBTENSOR_INLINE V combine(V a, V b) {
    return Mul(a, b);
  }
};

// A NaN wins, the earlier one.
struct MaxStep {
  template <class T>
  static constexpr T identity = -std::numeric_limits<T>::infinity();
  template <class T>
  static constexpr T empty = identity<T>;
  template <class V>
  static LIBTENSOR_INLINE V combine(V a, V b) {
    return IfThenElse(Or(Gt(a, b), IsNaN(a)), a, b);
  }
};
struct MinStep {
  template <class T>
  static constexpr T identity = std::numeric_limits<T>::infinity();
  template <class T>
  static constexpr T empty = identity<T>;
  template <class V>
  static LIBTENSOR_INLINE V combine(V a, V b) {
    return IfThenElse(Or(Lt(a, b), IsNaN(a)), a, b);
  }
};
struct AnyStep {
  template <class T>
  static constexpr T empty = false;
  static LIBTENSOR_INLINE bool combine(bool a, bool b) { return a | b; }
};
struct AllStep {
  template <class T>
  static constexpr T empty = true;
  static LIBTENSOR_INLINE bool combine(bool a, bool b) { return a & b; }
};

// A total is one number, which takes in elements and other totals alike.
template <class Step, class T>
struct Fold {
  static constexpr int kPlanes = 1;

  static HWY_ATTR void Row(void* total, int64_t, const void* in, int64_t n) {
    *static_cast<T*>(total) = ReduceElements<Step>(static_cast<const T*>(in), n);
  }
  static HWY_ATTR void Column(void* totals, const void* in, int64_t row_stride, int64_t rows,
                              int64_t n, int64_t seen) {
    T* const total = static_cast<T*>(totals);
    const T* row = static_cast<const T*>(in);
    if (seen == 0) {
      std::memcpy(total, row, n * sizeof(T));
      row += row_stride;
      --rows;
    }
    for (int64_t i = 0; i < rows; ++i, row += row_stride) {
#pragma GCC ivdep
      for (int64_t j = 0; j < n; ++j) total[j] = Step::combine(total[j], row[j]);
    }
  }
  static void Merge(void* totals, const void* others, int64_t n, int64_t before, int64_t) {
    Column(totals, others, 0, 1, n, before);
  }
  static void Empty(void* totals, int64_t n) {
    std::fill_n(static_cast<T*>(totals), n, Step::template empty<T>);
  }
  static constexpr FinishTotals Finish = nullptr;
};

template <class T>
using Sum = Fold<SumStep, T>;
template <class T>
using Product = Fold<ProductStep, T>;
template <class T>
using Max = Fold<MaxStep, T>;
template <class T>
using Min = Fold<MinStep, T>;
template <class T>
using Any = Fold<AnyStep, T>;
template <class T>
using All = Fold<AllStep, T>;

template <class T>
struct Mean : Sum<T> {
  static void Finish(void* totals, int64_t n, int64_t count, double) {
    for (int64_t j = 0; j < n; ++j) static_cast<T*>(totals)[j] /= static_cast<T>(count);
  }
};

struct SquaredDifference {
  double mean;

  HWY_ATTR HWY_INLINE double operator()(ScalarTag<double>, double x) const {
    return (x - mean) * (x - mean);
  }
  template <class D, class V>
  HWY_ATTR HWY_INLINE V operator()(D d, V x) const {
    const V difference = hn::Sub(x, hn::Set(d, mean));
    return hn::Mul(difference, difference);
  }
};

// The sum of squared differences from the mean, and the mean. Totals of two runs become one after
// T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample
// variances", 1979; one element is a run as well (B. Welford, 1962).
template <class T>
struct Variance {
  static constexpr int kPlanes = 2;

  static HWY_ATTR void Row(void* total, int64_t plane_stride, const void* in, int64_t n) {
    const T* const source = static_cast<const T*>(in);
    const T mean = ReduceElements<SumStep>(source, n) / static_cast<T>(n);
    static_cast<T*>(total)[0] = ReduceElements<SumStep>(source, n, SquaredDifference{mean});
    static_cast<T*>(total)[plane_stride] = mean;
  }
  static HWY_ATTR void Column(void* totals, const void* in, int64_t row_stride, int64_t rows,
                              int64_t n, int64_t seen) {
    T* const squares = static_cast<T*>(totals);
    T* const means = squares + n;
    const T* row = static_cast<const T*>(in);
    if (seen == 0) Empty(totals, n);
    for (int64_t i = 0; i < rows; ++i, row += row_stride) {
      const T share = T(1) / static_cast<T>(seen + i + 1);
#pragma GCC ivdep
      for (int64_t j = 0; j < n; ++j) {
        const T difference = row[j] - means[j];
        means[j] += difference * share;
        squares[j] += difference * (row[j] - means[j]);
      }
    }
  }
  static HWY_ATTR void Merge(void* totals, const void* others, int64_t n, int64_t before,
                             int64_t after) {
    T* const squares = static_cast<T*>(totals);
    T* const means = squares + n;
    const T* const more = static_cast<const T*>(others);
    const T share = static_cast<T>(after) / static_cast<T>(before + after);
#pragma GCC ivdep
    for (int64_t j = 0; j < n; ++j) {
      const T difference = more[n + j] - means[j];
      means[j] += difference * share;
      squares[j] += more[j] + difference * difference * share * static_cast<T>(before);
    }
  }
  static void Empty(void* totals, int64_t n) { std::fill_n(static_cast<T*>(totals), 2 * n, T(0)); }
  static void Finish(void* totals, int64_t n, int64_t count, double correction) {
    T* const squares = static_cast<T*>(totals);
    const double divisor = std::max(0.0, static_cast<double>(count) - correction);
    for (int64_t j = 0; j < n; ++j) {
      // As in PyTorch, infinite elements have no mean; nor has nothing at all.
      if (count == 0 || squares[j] != squares[j])
        squares[n + j] = std::numeric_limits<T>::quiet_NaN();
      squares[j] /= divisor;
    }
  }
};

template <class T>
struct Deviation : Variance<T> {
  static void Finish(void* totals, int64_t n, int64_t count, double correction) {
    Variance<T>::Finish(totals, n, count, correction);
    for (int64_t j = 0; j < n; ++j)
      static_cast<T*>(totals)[j] = std::sqrt(static_cast<T*>(totals)[j]);
  }
};

template <template <class> class Policy, class... Types>
void AddKernels(ReduceOp op) {
  ((reduce_kernels[static_cast<int>(op)][static_cast<int>(dtype_of<Types>)] =
        ReduceKernel{Policy<Types>::kPlanes, Policy<Types>::Row, Policy<Types>::Column,
                     Policy<Types>::Merge, Policy<Types>::Empty, Policy<Types>::Finish}),
   ...);
}

void FillReduce() {
  AddKernels<Sum, int64_t, float, double>(ReduceOp::kSum);
  AddKernels<Product, int64_t, double>(ReduceOp::kProd);
  AddKernels<Mean, float, double>(ReduceOp::kMean);
  AddKernels<Max, bool, uint8_t, int8_t, int16_t, int32_t, int64_t, float, double>(ReduceOp::kMax);
  AddKernels<Min, bool, uint8_t, int8_t, int16_t, int32_t, int64_t, float, double>(ReduceOp::kMin);
  AddKernels<Any, bool>(ReduceOp::kAny);
  AddKernels<All, bool>(ReduceOp::kAll);
  AddKernels<Variance, double>(ReduceOp::kVar);
  AddKernels<Deviation, double>(ReduceOp::kStd);
}

}  // namespace libtensor::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace libtensor::cpu {
constinit ReduceKernel reduce_kernels[kReduceOpCount][kDTypeCount] = {};
HWY_EXPORT(FillReduce);
namespace {
const KernelFile file([] { HWY_DYNAMIC_DISPATCH(FillReduce)(); });
}  // namespace
}  // namespace libtensor::cpu
#endif
