// Maxima and minima. A NaN is greater and less than all else.
#pragma once

#include "cuda/reduce_kernels.h"

namespace libtensor::cuda {

template <class C, bool kMax>
__device__ bool is_better(C candidate, C best) {
  if (is_nan(best)) return false;
  return (kMax ? candidate > best : candidate < best) || is_nan(candidate);
}

// What every other element is better than, or as good as.
template <class C, bool kMax>
__device__ C worst() {
  if constexpr (std::is_floating_point_v<C>) {
    return kMax ? -static_cast<C>(INFINITY) : static_cast<C>(INFINITY);
  } else if constexpr (std::is_same_v<C, bool>) {
    return !kMax;
  } else {
    constexpr C kLeast = std::is_unsigned_v<C> ? C(0) : static_cast<C>(C(1) << (8 * sizeof(C) - 1));
    return kMax ? kLeast : static_cast<C>(~kLeast);
  }
}

template <class Element, bool kMax>
struct Extreme {
  using S = Element;
  using C = ComputeOf<S>;
  using A = C;

  static __device__ A identity() { return worst<C, kMax>(); }
  static __device__ A from(C value, int64_t) { return value; }
  static __device__ A combine(A a, A b) { return is_better<C, kMax>(b, a) ? b : a; }
  static __device__ void store(const ReduceArguments& call, const int64_t (&offsets)[3], A total) {
    static_cast<Stored<S>*>(call.out)[offsets[1]] = to_stored<S>(total);
  }
};

// With its position, which decides among equals: the first wins.
template <class Element, bool kMax, class Position>
struct ExtremePosition {
  using S = Element;
  using C = ComputeOf<S>;
  struct A {
    C value;
    Position position;
  };
  static constexpr Position kNone = ~(Position(1) << (8 * sizeof(Position) - 1));

  static __device__ A identity() { return {worst<C, kMax>(), kNone}; }
  static __device__ A from(C value, int64_t position) {
    return {value, static_cast<Position>(position)};
  }
  static __device__ A combine(A a, A b) {
    if (is_better<C, kMax>(b.value, a.value)) return b;
    const bool equal = !is_better<C, kMax>(a.value, b.value);
    return equal && b.position < a.position ? b : a;
  }
  static __device__ void store(const ReduceArguments& call, const int64_t (&offsets)[3], A total) {
    if (call.index_only) {
      static_cast<int64_t*>(call.out)[offsets[1]] = total.position;
      return;
    }
    static_cast<Stored<S>*>(call.out)[offsets[1]] = to_stored<S>(total.value);
    static_cast<int64_t*>(call.second)[offsets[2]] = total.position;
  }
};

}  // namespace libtensor::cuda
