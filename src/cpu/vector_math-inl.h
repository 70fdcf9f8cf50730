// exp, log, tanh, sigmoid and erf of float and double vectors, below 1 ULP (erf: 1.4). Right at
// infinities, NaN, zeros and subnormals. tests/cpu/math_test.cpp measures the errors.
#if defined(LIBTENSOR_CPU_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LIBTENSOR_CPU_VECTOR_MATH_INL_H_
#undef LIBTENSOR_CPU_VECTOR_MATH_INL_H_
#else
#define LIBTENSOR_CPU_VECTOR_MATH_INL_H_
#endif

#include <hwy/highway.h>

#include <cmath>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace libtensor {
namespace cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The constants of one floating-point type. Polynomials are near-minimax (Chebyshev nodes), lowest
// power first.
template <class T>
struct MathConstants;

template <>
struct MathConstants<float> {
  static constexpr int kMantissaBits = 23;
  static constexpr float kBias = 127;
  static constexpr float kMagic =
      0x1.8p23f;  // adding it rounds to an integer, which is then in the low bits
  static constexpr float kLog2e = 0x1.715476p+0f;
  static constexpr float kLn2High = 0x1.63p-1f, kLn2Low = -0x1.bd0106p-13f;  // high * n is exact
  static constexpr float kExpMax = 89.0f, kExpMin = -104.0f;  // beyond: infinity, zero
  // exp(r) = 1 + r + r^2 q(r), |r| <= ln(2)/2
  static constexpr float kExp[] = {0.5f,           0x1.555556p-3f,  0x1.5554eap-5f,
                                   0x1.1110e0p-7f, 0x1.6d4324p-10f, 0x1.a124f2p-13f};
  // tanh(x) = x + x^3 p(x^2), |x| <= 0.625
  static constexpr float kTanh[] = {-0x1.555556p-2f, 0x1.1110eap-3f,  -0x1.ba08c4p-5f,
                                    0x1.64a976p-6f,  -0x1.116a16p-7f, 0x1.2c83c0p-9f};
  static constexpr float kTanhOne = 10.0f;  // from here on tanh rounds to 1
  // erf(x) = x + x p(x^2), |x| <= 1
  static constexpr float kErf[] = {0x1.06eba8p-3f, -0x1.81273ep-2f, 0x1.ce2d1ep-4f, -0x1.b7fb8ep-6f,
                                   0x1.5418dep-8f, -0x1.a47e9p-11f, 0x1.4ad1fep-14f};
  // erfc(x) = erfc(1) exp((x - 1) q(t)), t going from -1 to 1 between 1 and kErfOne; errors
  // weighted with erfc(x)
  static constexpr float kLogErfc[] = {-0x1.fc593cp+1f, -0x1.6196dp+0f,  -0x1.1bb11cp-5f,
                                       0x1.4e937cp-7f,  -0x1.7ba3e4p-9f, 0x1.78850cp-11f,
                                       -0x1.0257d2p-12f};
  static constexpr float kErfcOfOne = 0x1.422616p-3f,
                         kErfOne = 4.0f;  // from here on erf rounds to 1
  // The series of log: fdlibm's e_logf.c
  static constexpr float kLog[] = {0xaaaaaa.0p-24f, 0xccce13.0p-25f, 0x91e9ee.0p-25f,
                                   0xf89e26.0p-26f};
  static constexpr uint32_t kSqrtHalf = 0x3f3504f3, kOne = 0x3f800000;
  static constexpr float kFromSubnormal = 0x1p25f, kFromSubnormalLog2 = 25;
  static constexpr float kLogLn2High = 6.9313812256e-01f, kLogLn2Low = 9.0580006145e-06f;
};

template <>
struct MathConstants<double> {
  static constexpr int kMantissaBits = 52;
  static constexpr double kBias = 1023;
  static constexpr double kMagic = 0x1.8p52;
  static constexpr double kLog2e = 0x1.71547652b82fep+0;
  static constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 0x1.a39ef35793c76p-33;
  static constexpr double kExpMax = 710.0, kExpMin = -746.0;
  static constexpr double kExp[] = {0.5,
                                    0x1.5555555555557p-3,
                                    0x1.5555555555556p-5,
                                    0x1.11111111100dcp-7,
                                    0x1.6c16c16c162d4p-10,
                                    0x1.a01a01abe7fe1p-13,
                                    0x1.a01a01a6d889cp-16,
                                    0x1.71de0231960ebp-19,
                                    0x1.27e4db646b17ep-22,
                                    0x1.af4de97ca4194p-26,
                                    0x1.1f730349868cep-29};
  static constexpr double kTanh[] = {
      -0x1.5555555555555p-2,  0x1.11111111110a8p-3,  -0x1.ba1ba1ba0f126p-5,  0x1.664f487e0a749p-6,
      -0x1.226e3473dce5cp-7,  0x1.d6d39ae3905e2p-9,  -0x1.7d9f6f23e8682p-10, 0x1.3526e9ed54da1p-11,
      -0x1.f243823c8c981p-13, 0x1.8445870f6fe41p-14, -0x1.05bbdae896297p-15, 0x1.b33642a122cddp-18};
  static constexpr double kTanhOne = 20.0;
  // erf(x) = x + x p(x^2), |x| <= 1
  static constexpr double kErf[] = {
      0x1.06eba8214db68p-3,  -0x1.812746b0379c1p-2,  0x1.ce2f21a040ff9p-4,  -0x1.b82ce31205b6cp-6,
      0x1.565bccfa8c5fcp-8,  -0x1.c02db070f42fdp-11, 0x1.f9a2bf46ad0aap-14, -0x1.f4ca92053560ep-17,
      0x1.b98262e7f2dd3p-20, -0x1.5c1655d38ad8cp-23, 0x1.d780edd4fd58cp-27, -0x1.acd58c59278e8p-31};
  // erfc(x) = erfc(1) exp((x - 1) q(t)), t going from -1 to 1 between 1 and kErfOne; errors
  // weighted with erfc(x)
  static constexpr double kLogErfc[] = {
      -0x1.39edb1f15727cp+2,  -0x1.2e34294015d29p+1, -0x1.ca0ff193f961cp-5,  0x1.7d0461c566068p-6,
      -0x1.3ab4d5f57dd54p-7,  0x1.f8ac0097d2544p-9,  -0x1.80eb624bf992fp-10, 0x1.107f0f77e29d2p-11,
      -0x1.58466679cc213p-13, 0x1.bb2161fa46903p-16, -0x1.8f057643ba961p-16, -0x1.4dd8177de4bd9p-17,
      0x1.ec35b4ac6dcfcp-15,  0x1.f3122955764eep-14, 0x1.2435b71ce27fp-13,   0x1.8298520532ea9p-14,
      0x1.2c31678ea4ceep-15,  0x1.9694f2be80599p-18};
  static constexpr double kErfcOfOne = 0x1.4226162fbddd5p-3,
                          kErfOne = 6.0;  // from here on erf rounds to 1
  // fdlibm's e_log.c
  static constexpr double kLog[] = {6.666666666666735130e-01, 3.999999999940941908e-01,
                                    2.857142874366239149e-01, 2.222219843214978396e-01,
                                    1.818357216161805012e-01, 1.531383769920937332e-01,
                                    1.479819860511658591e-01};
  static constexpr uint64_t kSqrtHalf = 0x3fe6a09e667f3bcd, kOne = 0x3ff0000000000000;
  static constexpr double kFromSubnormal = 0x1p54, kFromSubnormalLog2 = 54;
  static constexpr double kLogLn2High = 6.93147180369123816490e-01,
                          kLogLn2Low = 1.90821492927058770002e-10;
};

// c[0] + c[1] x + ... by Horner's rule.
template <class D, class V, class T, size_t kCount>
HWY_INLINE HWY_ATTR V Polynomial(D d, V x, const T (&c)[kCount]) {
  V sum = hn::Set(d, c[kCount - 1]);
  for (size_t i = kCount - 1; i-- > 0;) sum = hn::MulAdd(sum, x, hn::Set(d, c[i]));
  return sum;
}

// 2^k for an integral k within the exponent's range.
template <class D, class V>
HWY_INLINE HWY_ATTR V PowerOfTwo(D d, V k) {
  using C = MathConstants<hn::TFromD<D>>;
  const hn::RebindToUnsigned<D> du;
  const V biased = hn::Add(k, hn::Set(d, C::kMagic + C::kBias));
  return hn::BitCast(d, hn::ShiftLeft<C::kMantissaBits>(hn::BitCast(du, biased)));
}

// exp(x) = 2^n (1 + p): the argument reduced to |r| <= ln(2)/2, and the polynomial for it.
template <class V>
struct ReducedExp {
  V n, p;
};
template <class D, class V>
HWY_INLINE HWY_ATTR ReducedExp<V> ReduceExp(D d, V x) {
  using C = MathConstants<hn::TFromD<D>>;
  const V magic = hn::Set(d, C::kMagic);
  const V n = hn::Sub(hn::MulAdd(x, hn::Set(d, C::kLog2e), magic), magic);
  V r = hn::NegMulAdd(n, hn::Set(d, C::kLn2High), x);
  r = hn::NegMulAdd(n, hn::Set(d, C::kLn2Low), r);
  return {n, hn::MulAdd(hn::Mul(r, r), Polynomial(d, r, C::kExp), r)};
}

// 2^n x, rounded once, for n a little beyond the exponent's range on either side.
template <class D, class V>
HWY_INLINE HWY_ATTR V Scale(D d, V x, V n) {
  const V magic = hn::Set(d, MathConstants<hn::TFromD<D>>::kMagic);
  const V half = hn::Sub(hn::MulAdd(n, hn::Set(d, 0.5f), magic), magic);
  return hn::Mul(hn::Mul(x, PowerOfTwo(d, half)), PowerOfTwo(d, hn::Sub(n, half)));
}

template <class D, class V>
HWY_INLINE HWY_ATTR V Exp(D d, V x) {
  using C = MathConstants<hn::TFromD<D>>;
  // A NaN passes both comparisons.
  x = hn::IfThenElse(hn::Gt(x, hn::Set(d, C::kExpMax)), hn::Set(d, C::kExpMax), x);
  x = hn::IfThenElse(hn::Lt(x, hn::Set(d, C::kExpMin)), hn::Set(d, C::kExpMin), x);
  const auto [n, p] = ReduceExp(d, x);
  return Scale(d, hn::Add(p, hn::Set(d, 1)), n);
}

// A number as the unevaluated sum of two: what the first has lost by rounding is in the second.
template <class V>
struct Pair {
  V high, low;
};
// a + b for |a| >= |b|. Source: T. Dekker, "A floating-point technique for extending the available
// precision", 1971.
template <class V>
HWY_INLINE HWY_ATTR Pair<V> ExactSum(V a, V b) {
  const V sum = hn::Add(a, b);
  return {sum, hn::Sub(b, hn::Sub(sum, a))};
}

// What is left of `a` when q = a / b has been rounded; known exactly where the machine multiplies
// and adds in one.
template <class D, class V>
HWY_INLINE HWY_ATTR V DivisionRest(D d, V a, V q, V b) {
#if HWY_NATIVE_FMA
  (void)d;
  return hn::NegMulAdd(q, b, a);
#else
  (void)a, (void)q, (void)b;
  return hn::Zero(d);
#endif
}

// Method: fdlibm's e_log.c (Sun Microsystems, 1993), without its branches.
template <class D, class V>
HWY_INLINE HWY_ATTR V Log(D d, V x) {
  using T = hn::TFromD<D>;
  using C = MathConstants<T>;
  const hn::RebindToUnsigned<D> du;
  using U = hn::TFromD<decltype(du)>;
  constexpr U kMantissa = (U{1} << C::kMantissaBits) - 1;

  const auto tiny = hn::Lt(x, hn::Set(d, std::numeric_limits<T>::min()));
  const V normal = hn::IfThenElse(tiny, hn::Mul(x, hn::Set(d, C::kFromSubnormal)), x);
  // x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2)
  const auto shifted = hn::Add(hn::BitCast(du, normal), hn::Set(du, C::kOne - C::kSqrtHalf));
  constexpr T kInteger = static_cast<T>(U{1} << C::kMantissaBits);
  V k = hn::BitCast(
      d, hn::Or(hn::ShiftRight<C::kMantissaBits>(shifted), hn::BitCast(du, hn::Set(d, kInteger))));
  k = hn::Sub(k, hn::Set(d, kInteger + C::kBias));
  k = hn::IfThenElse(tiny, hn::Sub(k, hn::Set(d, C::kFromSubnormalLog2)), k);
  const auto mantissa =
      hn::Add(hn::And(shifted, hn::Set(du, kMantissa)), hn::Set(du, C::kSqrtHalf));
  const V f = hn::Sub(hn::BitCast(d, mantissa), hn::Set(d, 1));

  const V s = hn::Div(f, hn::Add(hn::Set(d, 2), f));
  const V z = hn::Mul(s, s);
  const V r = hn::Mul(z, Polynomial(d, z, C::kLog));
  const V half_square = hn::Mul(hn::Mul(hn::Set(d, 0.5f), f), f);
  const V low = hn::MulAdd(k, hn::Set(d, C::kLogLn2Low), hn::Mul(s, hn::Add(half_square, r)));
  const V value = hn::MulAdd(k, hn::Set(d, C::kLogLn2High), hn::Sub(f, hn::Sub(half_square, low)));

  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  const V edge = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Set(d, -kInfinity),
                                hn::Set(d, std::numeric_limits<T>::quiet_NaN()));
  const V positive = hn::IfThenElse(hn::Eq(x, hn::Set(d, kInfinity)), x, value);
  return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), positive, edge);
}

// Near 0 a polynomial; elsewhere 1 - 2 / (exp(2|x|) + 1), whose second term is below 1/2: errors in
// it count little, but for the rounding of the sum with 1, which is made good.
template <class D, class V>
HWY_INLINE HWY_ATTR V Tanh(D d, V x) {
  using C = MathConstants<hn::TFromD<D>>;
  const V one = hn::Set(d, 1);
  const V y = hn::Abs(x);
  const V square = hn::Mul(y, y);
  const V near = hn::MulAdd(hn::Mul(square, y), Polynomial(d, square, C::kTanh), y);

  const V bounded = hn::Min(y, hn::Set(d, C::kTanhOne));
  const auto [n, p] = ReduceExp(d, hn::Add(bounded, bounded));
  const V scale = PowerOfTwo(d, n);
  const V scale_one = hn::Add(scale, one);  // exact until it no longer matters
  const V below = hn::MulAdd(scale, p, scale_one);
  const V below_low = hn::MulAdd(scale, p, hn::Sub(scale_one, below));
  const V quotient = hn::Div(hn::Set(d, 2), below);
  const V half_square = hn::Mul(quotient, hn::Mul(quotient, hn::Set(d, 0.5f)));  // quotient / below
  const Pair<V> difference = ExactSum(one, hn::Neg(quotient));
  const V far = hn::Add(difference.high, hn::MulAdd(half_square, below_low, difference.low));
  // A NaN takes the polynomial.
  return hn::CopySign(hn::IfThenElse(hn::Ge(y, hn::Set(d, 0.625f)), far, near), x);
}

// With e = exp(-|x|) nothing overflows: 1 / (1 + e), or e / (1 + e) for negative x, with the
// roundings made good.
template <class D, class V>
HWY_INLINE HWY_ATTR V Sigmoid(D d, V x) {
  using C = MathConstants<hn::TFromD<D>>;
  const V zero = hn::Zero(d), one = hn::Set(d, 1);
  const auto negative = hn::Lt(x, zero);
  V y = hn::Neg(hn::Abs(x));
  y = hn::IfThenElse(hn::Lt(y, hn::Set(d, C::kExpMin)), hn::Set(d, C::kExpMin), y);
  const auto [n, p] = ReduceExp(d, y);
  const Pair<V> e = ExactSum(one, p);  // without its factor 2^n, which may be subnormal
  const V least = hn::Set(d, 1 - C::kBias);
  const V scale = PowerOfTwo(d, hn::IfThenElse(hn::Lt(n, least), least, n));
  const Pair<V> below = ExactSum(one, hn::Mul(scale, e.high));
  const V below_low = hn::MulAdd(scale, e.low, below.low);
  const V above = hn::IfThenElse(negative, e.high, one);
  const V above_low = hn::IfThenElse(negative, e.low, zero);
  const V quotient = hn::Div(above, below.high);
  V rest = hn::Add(DivisionRest(d, above, quotient, below.high), above_low);
  rest = hn::NegMulAdd(quotient, below_low, rest);
  // 1 / (1 + e) is the quotient itself, or 1 - e / (1 + e).
  const V reciprocal = hn::IfThenElse(negative, hn::NegMulAdd(scale, quotient, one), quotient);
  return Scale(d, hn::MulAdd(rest, reciprocal, quotient), hn::IfThenElse(negative, n, zero));
}

// erf is odd. From 1 on, 1 - erfc(x) loses little, since erfc(x) is small.
template <class D, class V>
HWY_INLINE HWY_ATTR V Erf(D d, V x) {
  using T = hn::TFromD<D>;
  using C = MathConstants<T>;
  const V one = hn::Set(d, 1), last = hn::Set(d, C::kErfOne);
  V size = hn::Abs(x);
  size = hn::IfThenElse(hn::Gt(size, last), last, size);  // a NaN stays
  const V small = hn::MulAdd(size, Polynomial(d, hn::Mul(size, size), C::kErf), size);
  constexpr T kScale = 2 / (C::kErfOne - 1);
  const V beyond = hn::Sub(size, one), t = hn::MulAdd(beyond, hn::Set(d, kScale), hn::Neg(one));
  const V ratio = Exp(d, hn::Mul(beyond, Polynomial(d, t, C::kLogErfc)));
  const V large = hn::NegMulAdd(hn::Set(d, C::kErfcOfOne), ratio, one);
  return hn::CopySign(hn::IfThenElse(hn::Lt(size, one), small, large), x);
}

// See libtensor::PowScalar for numbers.
template <class D, class V = hn::VFromD<D>, class T = hn::TFromD<D>>
HWY_INLINE HWY_ATTR V PowScalar(D d, V base, T e) {
  if (e == T(2)) return hn::Mul(base, base);
  if (e == T(3)) return hn::Mul(hn::Mul(base, base), base);
  if (e == T(1)) return base;
  if (e == T(0.5)) return hn::Sqrt(base);
  if (e == T(-0.5)) return hn::Div(hn::Set(d, 1), hn::Sqrt(base));
  if (e == T(-1)) return hn::Div(hn::Set(d, 1), base);
  if (e == T(-2)) return hn::Div(hn::Set(d, 1), hn::Mul(base, base));
  HWY_ALIGN T lanes[HWY_LANES(T)];
  hn::Store(base, d, lanes);
  for (size_t i = 0; i < hn::Lanes(d); ++i) lanes[i] = std::pow(lanes[i], e);
  return hn::Load(d, lanes);
}

}  // namespace HWY_NAMESPACE
}  // namespace cpu
}  // namespace libtensor
HWY_AFTER_NAMESPACE();

#endif  // LIBTENSOR_CPU_VECTOR_MATH_INL_H_
