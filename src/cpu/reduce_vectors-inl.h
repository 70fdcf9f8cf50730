// Contiguous elements become one, along vectors. For inclusion by files of kernels, once for each
// instruction set.
#if defined(LIBTENSOR_CPU_REDUCE_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LIBTENSOR_CPU_REDUCE_VECTORS_INL_H_
#undef LIBTENSOR_CPU_REDUCE_VECTORS_INL_H_
#else
#define LIBTENSOR_CPU_REDUCE_VECTORS_INL_H_
#endif

#include <hwy/highway.h>

#include "core/scalar_math.h"
#include "cpu/partial_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor {
namespace cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// What is done to each element first, of vectors and of plain numbers.
struct AsItIs {
  template <class D, class V>
  HWY_INLINE HWY_ATTR V operator()(D, V x) const {
    return x;
  }
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

template <class Step, class T, class Map>
HWY_INLINE HWY_ATTR T ReduceVectors(const T* in, int64_t n, const Map& map) {
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
      lanes[v] = Step::combine(lanes[v], map(d, hn::LoadU(d, in + i + v * kWidth)));
  }
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    const int64_t rest = n - i - v * kWidth;
    if (rest >= kWidth) {
      lanes[v] = Step::combine(lanes[v], map(d, hn::LoadU(d, in + i + v * kWidth)));
    } else if (rest > 0) {
      const auto known = hn::FirstN(d, static_cast<size_t>(rest));
      const auto x = map(d, LoadPartial(d, in + i + v * kWidth, rest));
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

template <class Step, class T, class Map>
HWY_INLINE HWY_ATTR T ReduceFew(const T* in, int64_t n, const Map& map) {
  const ScalarTag<T> d;
  T total = map(d, in[0]);
  for (int64_t i = 1; i < n; ++i) total = Step::combine(total, map(d, in[i]));
  return total;
}

// All of map(in[0]), map(in[1]), ..., n >= 1 of them.
template <class Step, class T, class Map = AsItIs>
HWY_INLINE HWY_ATTR T ReduceElements(const T* in, int64_t n, const Map& map = {}) {
  if constexpr (std::is_floating_point_v<T>) {
    if (n > 8) return ReduceVectors<Step>(in, n, map);
  }
  return ReduceFew<Step>(in, n, map);  // associative where integers: the compiler vectorises it
}

}  // namespace HWY_NAMESPACE
}  // namespace cpu
}  // namespace libtensor
HWY_AFTER_NAMESPACE();

#endif
