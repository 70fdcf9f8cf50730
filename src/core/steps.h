// How two elements become one, in reductions, running totals and where scattered elements meet.
#pragma once

#include "core/scalar_math.h"

namespace libtensor {

struct AddStep {
  static constexpr int identity = 0;
  template <class C>
  static LIBTENSOR_INLINE C combine(C a, C b) {
    return Add(a, b);
  }
};

struct MultiplyStep {
  static constexpr int identity = 1;
  template <class C>
  static LIBTENSOR_INLINE C combine(C a, C b) {
    return Mul(a, b);
  }
};

// A NaN wins, the earlier one.
struct MaxStep {
  template <class C>
  static LIBTENSOR_INLINE C combine(C a, C b) {
    return IfThenElse(Or(Gt(a, b), IsNaN(a)), a, b);
  }
};
struct MinStep {
  template <class C>
  static LIBTENSOR_INLINE C combine(C a, C b) {
    return IfThenElse(Or(Lt(a, b), IsNaN(a)), a, b);
  }
};

}  // namespace libtensor
