// What a functor of core/functors is: how many values it takes, of which dtypes, and apply().
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/host_device.h"
#include "core/parameters.h"

namespace libtensor {

// Sets of compute dtypes, one bit per enumerator. Half types compute in float32.
using DTypeSet = uint32_t;
constexpr DTypeSet dtype_bit(DType dtype) { return DTypeSet{1} << static_cast<int>(dtype); }
inline constexpr DTypeSet kFloatingTypes = dtype_bit(DType::kFloat32) | dtype_bit(DType::kFloat64);
inline constexpr DTypeSet kNumericTypes = kFloatingTypes | dtype_bit(DType::kUInt8) |
                                          dtype_bit(DType::kInt8) | dtype_bit(DType::kInt16) |
                                          dtype_bit(DType::kInt32) | dtype_bit(DType::kInt64);
inline constexpr DTypeSet kIntegralTypes =
    (kNumericTypes & ~kFloatingTypes) | dtype_bit(DType::kBool);
inline constexpr DTypeSet kAllTypes = kNumericTypes | dtype_bit(DType::kBool);

// What a kernel builder must know of a functor.
template <int kInputs, DTypeSet kSupported, bool kReturnsBool = false, bool kVectorized = true,
          bool kDivides = false>
struct Functor {
  static constexpr int inputs = kInputs;
  static constexpr DTypeSet dtypes = kSupported;  // that it computes in
  static constexpr bool returns_bool = kReturnsBool;
  // apply() takes Highway vectors, not only numbers.
  static constexpr bool vectorized = kVectorized;
  static constexpr bool divides = kDivides;  // its last value may not be the integer 0
  static constexpr bool copies = false;      // what apply() returns is its input
};

// Does a functor take so many values and parameters as rows of the table give it?
template <class F, int kValues, int kParameters>
inline constexpr bool kTakes =
    F::inputs == kValues&& F::template Parameters<double>::kCount == kParameters;

}  // namespace libtensor

// A functor in a line:
//
//   FUNCTOR(Reciprocal, kFloatingTypes, (x), Div(Set(d, 1), x))
//
// is the struct ReciprocalOp, whose apply<C>(d, x) is that expression for any type of values: `d`
// tells which, C is the type of their elements. NUMBER_FUNCTOR is never given vectors; a PREDICATE
// neither, and gives bool; a DIVISION neither, and its last value may not be the integer 0.
//
//   FUNCTOR_WITH(AddScaled, kAllTypes, (a, b), (C alpha), MulAdd(Set(d, alpha), b, a))
//
// has parameters besides, numbers that are the same for all elements.
#define FUNCTOR(name, dtypes, values, ...) \
  LIBTENSOR_FUNCTOR(name, values, (), V, (__VA_ARGS__), dtypes)
#define FUNCTOR_WITH(name, dtypes, values, parameters, ...) \
  LIBTENSOR_FUNCTOR(name, values, parameters, V, (__VA_ARGS__), dtypes)
#define NUMBER_FUNCTOR(name, dtypes, values, ...) \
  LIBTENSOR_FUNCTOR(name, values, (), V, (__VA_ARGS__), dtypes, false, false)
#define DIVISION(name, dtypes, values, ...) \
  LIBTENSOR_FUNCTOR(name, values, (), V, (__VA_ARGS__), dtypes, false, false, true)
#define PREDICATE(name, dtypes, values, ...) \
  LIBTENSOR_FUNCTOR(name, values, (), bool, (__VA_ARGS__), dtypes, true, false)

#define LIBTENSOR_FUNCTOR(name, values, parameters, result, expression, ...)               \
  struct name##Op : Functor<LIBTENSOR_COUNT values, __VA_ARGS__> {                         \
    template <class C>                                                                     \
    using Parameters = typename ParametersOf<void parameters>::Type;                       \
    template <class C, class D, class V>                                                   \
    static LIBTENSOR_INLINE result apply([[maybe_unused]] D d,                             \
                                         LIBTENSOR_OF_V values LIBTENSOR_AND parameters) { \
      return expression;                                                                   \
    }                                                                                      \
  };
#define LIBTENSOR_AND(...) __VA_OPT__(, ) __VA_ARGS__
#define LIBTENSOR_SEVENTH(a, b, c, d, e, f, g, ...) g
#define LIBTENSOR_COUNT(...) LIBTENSOR_SEVENTH(__VA_ARGS__, 6, 5, 4, 3, 2, 1)
#define LIBTENSOR_OF_V(a, ...) V a __VA_OPT__(, LIBTENSOR_OF_V2(__VA_ARGS__))
#define LIBTENSOR_OF_V2(a, ...) V a __VA_OPT__(, LIBTENSOR_OF_V3(__VA_ARGS__))
#define LIBTENSOR_OF_V3(a, ...) V a __VA_OPT__(, LIBTENSOR_OF_V4(__VA_ARGS__))
#define LIBTENSOR_OF_V4(a, ...) V a __VA_OPT__(, LIBTENSOR_OF_V5(__VA_ARGS__))
#define LIBTENSOR_OF_V5(a, ...) V a __VA_OPT__(, V __VA_ARGS__)
