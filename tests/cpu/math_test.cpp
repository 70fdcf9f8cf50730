// Errors of the floating-point functions in units in the last place, against long double; and their
// corner cases.
#include <bit>
#include <cmath>
#include <cstdio>

#include "array.h"
#include "core/generated/functors/math.h"
#include "targets.h"

namespace libtensor::cpu {
namespace {

constexpr Value kInfinity = std::numeric_limits<Value>::infinity();
constexpr Value kNan = std::numeric_limits<Value>::quiet_NaN();

struct Function {
  const char* name;
  PointwiseOp op;
  Value (*exact)(Value);
  Value max_ulp;
  Value max_ulp_without_fma;
};
const Function kFunctions[] = {
    {"exp", functor::kExp, [](Value x) { return std::exp(x); }, 1.0L, 1.0L},
    {"log", functor::kLog, [](Value x) { return std::log(x); }, 1.0L, 1.0L},
    {"sqrt", functor::kSqrt, [](Value x) { return std::sqrt(x); }, 0.5L, 0.5L},
    {"erf", functor::kErf, [](Value x) { return std::erf(x); }, 1.25L, 1.4L},
    {"tanh", functor::kTanh, [](Value x) { return std::tanh(x); }, 0.9L, 1.0L},
    {"sigmoid", functor::kSigmoid, [](Value x) { return 1 / (1 + std::exp(-x)); }, 1.0L, 1.5L},
};

// The distance of T's numbers next to `exact`.
template <class T>
Value ulp_of(Value exact) {
  using Limits = std::numeric_limits<T>;
  const int exponent = std::max(std::ilogb(exact), Limits::min_exponent - 1);
  return std::ldexp(Value(1), exponent - Limits::digits + 1);
}

template <class T>
Value error_in_ulp(T got, Value exact) {
  const Value greatest = std::numeric_limits<T>::max();
  if (exact != exact || got != got) return (exact != exact) == (got != got) ? 0 : kInfinity;
  if (std::isinf(got))
    return std::fabs(exact) > greatest * (1 + 0x1p-26L) || std::isinf(exact) ? 0
           : std::fabs(exact) > greatest                                     ? 1
                                                                             : kInfinity;
  if (exact == 0) return got == 0 ? 0 : kInfinity;
  return std::fabs(got - exact) / ulp_of<T>(exact);
}

// Numbers of every exponent, and many around those where something happens.
template <class T>
std::vector<T> samples() {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  std::vector<T> result;
  std::mt19937_64 random(1);
  for (int i = 0; i < 200000; ++i) result.push_back(std::bit_cast<T>(static_cast<Bits>(random())));
  for (Value range : {1e-3L, 0.1L, 1.0L, 2.0L, 10.0L, 30.0L, 110.0L, 760.0L}) {
    for (int i = 0; i < 60000; ++i) {
      result.push_back(static_cast<T>((static_cast<Value>(random()) / 0x1p63L - 1) * range));
    }
  }
  for (Value center : {0.625L, 0.70710678L, 1.0L, 1.41421356L, 88.72L, 103.97L, 87.33L, 709.78L,
                       745.13L, 708.39L}) {
    for (int i = -2000; i < 2000; ++i) {
      result.push_back(static_cast<T>(center * (1 + i * (sizeof(T) == 4 ? 0x1p-23L : 0x1p-50L))));
      result.push_back(-result.back());
    }
  }
  return result;
}

class Math : public EachTarget {
 protected:
  template <class T>
  void measure() {
    const std::vector<T> x = samples<T>();
    std::vector<T> y(x.size());
    for (const Function& function : kFunctions) {
      const void* in[] = {x.data()};
      pointwise_kernel(function.op, dtype_of<T>)(y.data(), in, static_cast<int64_t>(x.size()),
                                                 nullptr);
      Value worst = 0;
      T where = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        const Value error = error_in_ulp(y[i], function.exact(static_cast<Value>(x[i])));
        if (error > worst) {
          worst = error;
          where = x[i];
        }
      }
      std::printf("%-8s %-8s %s: %.3Lf ULP at %.9g\n", function.name, name_of(dtype_of<T>),
                  hwy::TargetName(GetParam()), worst, static_cast<double>(where));
      const bool has_fma = (GetParam() & (HWY_SCALAR | HWY_SSE4)) == 0;
      EXPECT_LE(worst, has_fma ? function.max_ulp : function.max_ulp_without_fma)
          << function.name << " of " << where;
    }
  }

  template <class T>
  T apply(PointwiseOp op, T x, T y = 0) {
    T values[2][19], out[19];  // whole vectors and a rest
    for (int i = 0; i < 19; ++i) values[0][i] = x, values[1][i] = y;
    const void* in[] = {values[0], values[1]};
    const Scalar parameter(static_cast<double>(y));
    pointwise_kernel(op, dtype_of<T>)(out, in, 19, &parameter);
    for (int i = 1; i < 19; ++i)
      EXPECT_TRUE(std::memcmp(&out[i], &out[0], sizeof(T)) == 0 || out[i] != out[i]);
    T one;
    pointwise_kernel(op, dtype_of<T>)(&one, in, 1, &parameter);
    EXPECT_TRUE(std::memcmp(&one, &out[0], sizeof(T)) == 0 || one != one);
    return one;
  }

  template <class T>
  void corners() {
    const T infinity = static_cast<T>(kInfinity), nan = static_cast<T>(kNan);
    const T tiny = std::numeric_limits<T>::denorm_min(), greatest = std::numeric_limits<T>::max();
    const auto is = [](T got, T expected) {
      EXPECT_TRUE(same_value(got, expected) && std::signbit(got) == std::signbit(expected))
          << got << " instead of " << expected;
    };
    is(apply<T>(functor::kExp, infinity), infinity);
    is(apply<T>(functor::kExp, -infinity), 0);
    is(apply<T>(functor::kExp, greatest), infinity);
    is(apply<T>(functor::kExp, -greatest), 0);
    is(apply<T>(functor::kExp, T(0)), 1);
    is(apply<T>(functor::kExp, -T(0)), 1);
    is(apply<T>(functor::kLog, infinity), infinity);
    is(apply<T>(functor::kLog, T(0)), -infinity);
    is(apply<T>(functor::kLog, -T(0)), -infinity);
    is(apply<T>(functor::kLog, T(1)), 0);
    EXPECT_TRUE(std::isnan(apply<T>(functor::kLog, -tiny)));
    EXPECT_TRUE(std::isnan(apply<T>(functor::kLog, -infinity)));
    EXPECT_LE(error_in_ulp(apply<T>(functor::kLog, tiny), std::log(static_cast<Value>(tiny))), 1);
    is(apply<T>(functor::kSqrt, infinity), infinity);
    is(apply<T>(functor::kSqrt, -T(0)), -T(0));
    EXPECT_TRUE(std::isnan(apply<T>(functor::kSqrt, T(-1))));
    is(apply<T>(functor::kTanh, infinity), 1);
    is(apply<T>(functor::kTanh, -infinity), -1);
    is(apply<T>(functor::kTanh, -T(0)), -T(0));
    is(apply<T>(functor::kTanh, -tiny), -tiny);
    is(apply<T>(functor::kSigmoid, infinity), 1);
    is(apply<T>(functor::kSigmoid, -infinity), 0);
    is(apply<T>(functor::kSigmoid, T(0)), T(0.5));
    for (const Function& function : kFunctions)
      EXPECT_TRUE(std::isnan(apply<T>(function.op, nan))) << function.name;
    is(apply<T>(functor::kTanhBackward, T(2), T(0.5)), T(1.5));
    is(apply<T>(functor::kSigmoidBackward, T(2), T(0.5)), T(0.5));

    for (PointwiseOp pow : {functor::kPow, functor::kPowScalar}) {
      is(apply<T>(pow, T(-3), T(2)), 9);
      is(apply<T>(pow, T(-3), T(3)), -27);
      is(apply<T>(pow, T(9), T(0.5)), 3);
      is(apply<T>(pow, T(4), T(-0.5)), T(0.5));
      is(apply<T>(pow, T(4), T(-1)), T(0.25));
      is(apply<T>(pow, T(-2), T(-2)), T(0.25));
      is(apply<T>(pow, nan, T(0)), 1);
      is(apply<T>(pow, T(1), nan), 1);
      is(apply<T>(pow, T(2), T(10)), 1024);
      EXPECT_TRUE(std::isnan(apply<T>(pow, T(-8), T(1) / 3)));
    }
    // As PyTorch: the square root where the exponent is a number, the power where it is a tensor.
    EXPECT_TRUE(std::isnan(apply<T>(functor::kPowScalar, -infinity, T(0.5))));
    is(apply<T>(functor::kPow, -infinity, T(0.5)), infinity);
  }
};

TEST_P(Math, FloatErrors) { measure<float>(); }
TEST_P(Math, DoubleErrors) { measure<double>(); }
TEST_P(Math, FloatCorners) { corners<float>(); }
TEST_P(Math, DoubleCorners) { corners<double>(); }

LIBTENSOR_EACH_TARGET(Math);

}  // namespace
}  // namespace libtensor::cpu
