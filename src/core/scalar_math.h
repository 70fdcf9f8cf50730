// The vocabulary of core/functors for plain numbers: what Highway's Add, Mul, IfThenElse ... are
// for vectors. Integers wrap around, bool adds as "or" and multiplies as "and", as in PyTorch.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <type_traits>

#include "core/functor.h"
#include "core/host_device.h"

namespace libtensor {

// Takes the place of Highway's descriptor `d` where a functor is applied to plain numbers.
template <class T>
struct ScalarTag {};

template <class T>
concept Number = std::is_arithmetic_v<T>;

// The unsigned type in which T's arithmetic wraps around without undefined behaviour.
template <class T>
using Wrapping = std::conditional_t<(sizeof(T) < 4), uint32_t, std::make_unsigned_t<T>>;

template <Number T, class Value>
LIBTENSOR_INLINE T Set(ScalarTag<T>, Value value) {
  return static_cast<T>(value);
}
template <Number T>
LIBTENSOR_INLINE T Zero(ScalarTag<T>) {
  return T(0);
}

template <Number T>
LIBTENSOR_INLINE T Add(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a | b;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(Wrapping<T>(a) + Wrapping<T>(b));
  else
    return a + b;
}
template <Number T>
LIBTENSOR_INLINE T Sub(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a ^ b;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b));
  else
    return a - b;
}
template <Number T>
LIBTENSOR_INLINE T Mul(T a, T b) {
  if constexpr (std::is_same_v<T, bool>)
    return a & b;
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(Wrapping<T>(a) * Wrapping<T>(b));
  else
    return a * b;
}
template <std::floating_point T>
LIBTENSOR_INLINE T Div(T a, T b) {
  return a / b;
}
template <Number T>
LIBTENSOR_INLINE T MulAdd(T a, T b, T c) {
  return Add(Mul(a, b), c);
}
template <Number T>
LIBTENSOR_INLINE T NegMulAdd(T a, T b, T c) {  // c - a * b
  return Sub(c, Mul(a, b));
}
template <Number T>
LIBTENSOR_INLINE T Neg(T a) {
  if constexpr (std::is_integral_v<T>)
    return Sub(T(0), a);
  else
    return -a;
}
template <Number T>
LIBTENSOR_INLINE T Abs(T a) {
  if constexpr (std::is_floating_point_v<T>)
    return std::fabs(a);
  else if constexpr (std::is_unsigned_v<T>)
    return a;
  else
    return a < 0 ? Neg(a) : a;
}

template <Number T>
LIBTENSOR_INLINE bool Eq(T a, T b) {
  return a == b;
}
template <Number T>
LIBTENSOR_INLINE bool Ne(T a, T b) {
  return a != b;
}
template <Number T>
LIBTENSOR_INLINE bool Lt(T a, T b) {
  return a < b;
}
template <Number T>
LIBTENSOR_INLINE bool Le(T a, T b) {
  return a <= b;
}
template <Number T>
LIBTENSOR_INLINE bool Gt(T a, T b) {
  return a > b;
}
template <Number T>
LIBTENSOR_INLINE bool Ge(T a, T b) {
  return a >= b;
}
template <Number T>
LIBTENSOR_INLINE bool IsNaN(T x) {
  return x != x;
}
LIBTENSOR_INLINE bool Or(bool a, bool b) { return a | b; }
LIBTENSOR_INLINE bool And(bool a, bool b) { return a & b; }
template <Number T>
LIBTENSOR_INLINE T IfThenElse(bool condition, T yes, T no) {
  return condition ? yes : no;
}

template <std::floating_point T>
LIBTENSOR_INLINE T Sqrt(T x) {
  return std::sqrt(x);
}
template <std::floating_point T>
LIBTENSOR_INLINE T Exp(ScalarTag<T>, T x) {
  return std::exp(x);
}
template <std::floating_point T>
LIBTENSOR_INLINE T Log(ScalarTag<T>, T x) {
  return std::log(x);
}
template <std::floating_point T>
LIBTENSOR_INLINE T Tanh(ScalarTag<T>, T x) {
  return std::tanh(x);
}
template <std::floating_point T>
LIBTENSOR_INLINE T Erf(ScalarTag<T>, T x) {
  return std::erf(x);
}
// To the nearest integer, halves to the even one.
template <Number T>
LIBTENSOR_INLINE T Round(T x) {
  if constexpr (std::is_floating_point_v<T>)
    return std::nearbyint(x);
  else
    return x;
}
template <std::floating_point T>
LIBTENSOR_INLINE T Sigmoid(ScalarTag<T>, T x) {
  return T(1) / (T(1) + std::exp(-x));
}

// A negative power of an integer is 0 but for the bases 1 and -1.
template <Number T>
LIBTENSOR_INLINE T Pow(T base, T exponent) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::pow(base, exponent);
  } else if constexpr (std::is_same_v<T, bool>) {
    return base | !exponent;
  } else {
    if constexpr (std::is_signed_v<T>) {
      if (exponent < 0) {
        if (base == T(1)) return T(1);
        if (base == T(-1)) return (exponent & 1) ? T(-1) : T(1);
        return T(0);
      }
    }
    T result = T(1);
    for (; exponent != 0; exponent = static_cast<T>(exponent >> 1)) {
      if (exponent & 1) result = Mul(result, base);
      base = Mul(base, base);
    }
    return result;
  }
}

// With an exponent given as a number, PyTorch computes the simple powers by products and roots.
template <Number T>
LIBTENSOR_INLINE T PowScalar(ScalarTag<T>, T base, T exponent) {
  if constexpr (std::is_floating_point_v<T>) {
    if (exponent == T(2)) return base * base;
    if (exponent == T(3)) return base * base * base;
    if (exponent == T(1)) return base;
    if (exponent == T(0.5)) return std::sqrt(base);
    if (exponent == T(-0.5)) return T(1) / std::sqrt(base);
    if (exponent == T(-1)) return T(1) / base;
    if (exponent == T(-2)) return T(1) / (base * base);
  }
  return Pow(base, exponent);
}

// Quotients of integers: the least number divided by -1 wraps around. A divisor of 0 is refused by
// callers; where another thread writes one later, the result is 0 and no signal.
template <Number T>
LIBTENSOR_INLINE T DivTrunc(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return std::trunc(a / b);
  else if (b == 0)
    return T(0);
  else if constexpr (std::is_signed_v<T>)
    return b == T(-1) ? Neg(a) : static_cast<T>(a / b);
  else
    return static_cast<T>(a / b);
}
// The remainder that DivFloor leaves: of b's sign.
template <Number T>
LIBTENSOR_INLINE T Remainder(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    const T rest = std::fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  } else if constexpr (std::is_signed_v<T>) {
    if (b == T(-1) || b == 0) return T(0);
    const T rest = static_cast<T>(a % b);
    return rest != 0 && (rest < 0) != (b < 0) ? static_cast<T>(rest + b) : rest;
  } else {
    return b == 0 ? T(0) : static_cast<T>(a % b);
  }
}
// Python's floor division: exact where floor(a / b) would suffer from the quotient's rounding. The
// remainder is subtracted as fmod gives it, of a's sign: to add an infinite b to it would leave no
// number.
template <Number T>
LIBTENSOR_INLINE T DivFloor(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (b == 0) return a / b;
    const T rest = std::fmod(a, b);
    T quotient = (a - rest) / b;
    if (rest != 0 && (rest < 0) != (b < 0)) quotient -= 1;
    if (quotient == 0) return std::copysign(T(0), a / b);
    const T floor = std::floor(quotient);
    return quotient - floor > T(0.5) ? floor + 1 : floor;
  } else {
    const T quotient = DivTrunc(a, b);
    if constexpr (std::is_signed_v<T>) {
      if (b != T(-1) && b != 0 && a % b != 0 && (a < 0) != (b < 0))
        return static_cast<T>(quotient - 1);
    }
    return quotient;
  }
}

template <std::integral T>
LIBTENSOR_INLINE T BitwiseAnd(T a, T b) {
  return static_cast<T>(a & b);
}
template <std::integral T>
LIBTENSOR_INLINE T BitwiseOr(T a, T b) {
  return static_cast<T>(a | b);
}
template <std::integral T>
LIBTENSOR_INLINE T BitwiseXor(T a, T b) {
  return static_cast<T>(a ^ b);
}
template <std::integral T>
LIBTENSOR_INLINE T BitwiseNot(T a) {
  if constexpr (std::is_same_v<T, bool>)
    return !a;
  else
    return static_cast<T>(~a);
}

}  // namespace libtensor
