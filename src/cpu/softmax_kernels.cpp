// Softmax along rows and down columns, once per instruction set. Half types are converted as they
// are loaded, compute in float and are rounded once. The greatest element is subtracted first, so
// that no exponential overflows; where that element is infinite or NaN the result is NaN, as in
// PyTorch.
#include "core/dtype.h"
#include "cpu/kernel_tables.h"
#include "cpu/softmax.h"
#include "cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/softmax_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

#include "cpu/half_vectors-inl.h"
#include "cpu/partial_vectors-inl.h"
#include "cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor::cpu::HWY_NAMESPACE {

template <class S>
struct ComputeOf {
  using Type = float;
};
template <>
struct ComputeOf<double> {
  using Type = double;
};

// `count` > 0 elements converted to d's type; lanes beyond them are set to `fill`.
template <class D, class S, class T = hn::TFromD<D>>
HWY_INLINE HWY_ATTR hn::Vec<D> LoadLanes(D d, const S* p, int64_t count, T fill) {
  constexpr int64_t kLanes = HWY_LANES(T);
  if constexpr (std::is_same_v<S, T>) {
    if (count >= kLanes) return hn::LoadU(d, p);
    const auto known = hn::FirstN(d, static_cast<size_t>(count));
    return hn::IfThenElse(known, LoadPartial(d, p, count), hn::Set(d, fill));
  } else {
    if constexpr (kConvertsHalfs) {
      if (count >= kLanes) return LoadHalfs(d, p);
    }
    HWY_ALIGN T lanes[kLanes];
    for (int64_t i = 0; i < kLanes; ++i) lanes[i] = i < count ? convert<T>(p[i]) : fill;
    return hn::Load(d, lanes);
  }
}

template <class D, class V, class S, class T = hn::TFromD<D>>
HWY_INLINE HWY_ATTR void StoreLanes(D d, V v, S* p, int64_t count) {
  constexpr int64_t kLanes = HWY_LANES(T);
  if constexpr (std::is_same_v<S, T>) {
    if (count >= kLanes)
      hn::StoreU(v, d, p);
    else
      StorePartial(d, v, p, count);
  } else {
    if constexpr (kConvertsHalfs) {
      if (count >= kLanes) return StoreHalfs(d, v, p);
    }
    HWY_ALIGN T lanes[kLanes];
    hn::Store(v, d, lanes);
    for (int64_t i = 0; i < std::min(count, kLanes); ++i) p[i] = convert<S>(lanes[i]);
  }
}

// Sums many vectors: every 256 go into double, so that long rows lose no accuracy.
template <class D>
class LongSum {
 public:
  using V = hn::Vec<D>;
  using T = hn::TFromD<D>;
  HWY_ATTR explicit LongSum(D d) : partial_(hn::Zero(d)) {}
  HWY_INLINE HWY_ATTR void add(D d, V v) {
    partial_ = hn::Add(partial_, v);
    if (++count_ == 256) flush(d);
  }
  HWY_INLINE HWY_ATTR T total(D d) {
    flush(d);
    return static_cast<T>(total_);
  }

 private:
  HWY_INLINE HWY_ATTR void flush(D d) {
    total_ += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, partial_)));
    partial_ = hn::Zero(d);
    count_ = 0;
  }
  V partial_;
  double total_ = 0;
  int count_ = 0;
};

// Sums lane by lane in two levels, since columns may be long too.
template <class V>
class LaneSum {
 public:
  HWY_INLINE HWY_ATTR explicit LaneSum(V zero) : zero_(zero), partial_(zero), total_(zero) {}
  HWY_INLINE HWY_ATTR void add(V v) {
    partial_ = hn::Add(partial_, v);
    if (++count_ % 32 == 0) {
      total_ = hn::Add(total_, partial_);
      partial_ = zero_;
    }
  }
  HWY_INLINE HWY_ATTR V total() const { return hn::Add(total_, partial_); }

 private:
  V zero_, partial_, total_;
  uint32_t count_ = 0;
};

template <class T>
inline constexpr T kMinusInfinity = -std::numeric_limits<T>::infinity();

template <class S>
HWY_ATTR void ForwardRow(S* out, const S* in, int64_t n, bool log) {
  using T = typename ComputeOf<S>::Type;
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = HWY_LANES(T);
  auto greatest = hn::Set(d, kMinusInfinity<T>);
  for (int64_t i = 0; i < n; i += kLanes) {
    greatest = hn::Max(greatest, LoadLanes(d, in + i, n - i, kMinusInfinity<T>));
  }
  greatest = hn::MaxOfLanes(d, greatest);
  constexpr bool kKeepsExponentials = std::is_same_v<S, T>;
  LongSum<decltype(d)> sum(d);
  for (int64_t i = 0; i < n; i += kLanes) {
    const auto e = Exp(d, hn::Sub(LoadLanes(d, in + i, n - i, kMinusInfinity<T>), greatest));
    sum.add(d, e);
    if (kKeepsExponentials && !log) StoreLanes(d, e, out + i, n - i);
  }
  const auto total = hn::Set(d, sum.total(d));
  const auto log_total = Log(d, total);
  for (int64_t i = 0; i < n; i += kLanes) {
    if (log) {
      const auto x = LoadLanes(d, in + i, n - i, T(0));
      StoreLanes(d, hn::Sub(hn::Sub(x, greatest), log_total), out + i, n - i);
    } else if (kKeepsExponentials) {
      StoreLanes(d, hn::Div(LoadLanes(d, out + i, n - i, T(0)), total), out + i, n - i);
    } else {
      const auto e = Exp(d, hn::Sub(LoadLanes(d, in + i, n - i, T(0)), greatest));
      StoreLanes(d, hn::Div(e, total), out + i, n - i);
    }
  }
}

// One vector of columns at a time, all of whose state stays in registers.
template <class S>
HWY_ATTR void ForwardColumns(S* out, const S* in, int64_t n, int64_t stride, int64_t width,
                             bool log) {
  using T = typename ComputeOf<S>::Type;
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = HWY_LANES(T);
  for (int64_t j = 0; j < width; j += kLanes) {
    const int64_t count = width - j;
    auto greatest = hn::Set(d, kMinusInfinity<T>);
    for (int64_t i = 0; i < n; ++i) {
      greatest = hn::Max(greatest, LoadLanes(d, in + i * stride + j, count, T(0)));
    }
    LaneSum sums(hn::Zero(d));
    for (int64_t i = 0; i < n; ++i) {
      sums.add(Exp(d, hn::Sub(LoadLanes(d, in + i * stride + j, count, T(0)), greatest)));
    }
    const auto sum = sums.total();
    const auto log_sum = Log(d, sum);
    for (int64_t i = 0; i < n; ++i) {
      const auto x = hn::Sub(LoadLanes(d, in + i * stride + j, count, T(0)), greatest);
      const auto y = log ? hn::Sub(x, log_sum) : hn::Div(Exp(d, x), sum);
      StoreLanes(d, y, out + i * stride + j, count);
    }
  }
}

// y is the forward's result: y * (grad - sum(grad * y)), or for log_softmax grad - exp(y) *
// sum(grad).
template <class D, class V>
HWY_INLINE HWY_ATTR V GradientTerm(D, V y, V grad, bool log) {
  return log ? grad : hn::Mul(grad, y);
}
template <class D, class V>
HWY_INLINE HWY_ATTR V Gradient(D d, V y, V grad, V sum, bool log) {
  if (log) return hn::NegMulAdd(Exp(d, y), sum, grad);
  return hn::Mul(y, hn::Sub(grad, sum));
}

template <class S>
HWY_ATTR void BackwardRow(S* out, const S* result, const S* grad, int64_t n, bool log) {
  using T = typename ComputeOf<S>::Type;
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = HWY_LANES(T);
  LongSum<decltype(d)> sum(d);
  for (int64_t i = 0; i < n; i += kLanes) {
    const auto y = LoadLanes(d, result + i, n - i, T(0)), g = LoadLanes(d, grad + i, n - i, T(0));
    sum.add(d, GradientTerm(d, y, g, log));
  }
  const auto total = hn::Set(d, sum.total(d));
  for (int64_t i = 0; i < n; i += kLanes) {
    const auto y = LoadLanes(d, result + i, n - i, T(0)), g = LoadLanes(d, grad + i, n - i, T(0));
    StoreLanes(d, Gradient(d, y, g, total, log), out + i, n - i);
  }
}

template <class S>
HWY_ATTR void BackwardColumns(S* out, const S* result, const S* grad, int64_t n, int64_t stride,
                              int64_t width, bool log) {
  using T = typename ComputeOf<S>::Type;
  const hn::ScalableTag<T> d;
  constexpr int64_t kLanes = HWY_LANES(T);
  for (int64_t j = 0; j < width; j += kLanes) {
    const int64_t count = width - j;
    LaneSum sums(hn::Zero(d));
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = i * stride + j;
      const auto y = LoadLanes(d, result + at, count, T(0)),
                 g = LoadLanes(d, grad + at, count, T(0));
      sums.add(GradientTerm(d, y, g, log));
    }
    const auto sum = sums.total();
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = i * stride + j;
      const auto y = LoadLanes(d, result + at, count, T(0)),
                 g = LoadLanes(d, grad + at, count, T(0));
      StoreLanes(d, Gradient(d, y, g, sum, log), out + at, count);
    }
  }
}

template <class S>
HWY_ATTR void Forward(void* out, const void* in, int64_t n, int64_t stride, int64_t width,
                      bool log) {
  S* const result = static_cast<S*>(out);
  const S* const source = static_cast<const S*>(in);
  if (stride == 1)
    ForwardRow(result, source, n, log);
  else
    ForwardColumns(result, source, n, stride, width, log);
}

template <class S>
HWY_ATTR void Backward(void* out, const void* result, const void* grad, int64_t n, int64_t stride,
                       int64_t width, bool log) {
  S* const target = static_cast<S*>(out);
  const S *const y = static_cast<const S*>(result), *const g = static_cast<const S*>(grad);
  if (stride == 1)
    BackwardRow(target, y, g, n, log);
  else
    BackwardColumns(target, y, g, n, stride, width, log);
}

template <class... Types>
void AddKernels() {
  ((softmax_kernels[static_cast<int>(dtype_of<Types>)] = {Forward<Types>, Backward<Types>}), ...);
}

void FillSoftmax() { AddKernels<Half, BFloat16, float, double>(); }

}  // namespace libtensor::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace libtensor::cpu {
constinit SoftmaxKernel softmax_kernels[kDTypeCount] = {};
HWY_EXPORT(FillSoftmax);
namespace {
const KernelFile file([] { HWY_DYNAMIC_DISPATCH(FillSoftmax)(); });
}  // namespace
}  // namespace libtensor::cpu
#endif
