// What each pointwise operation computes, written once for CPU vectors, plain numbers and CUDA
// threads. A fragment without includes or guard: it is included inside a namespace where the
// vocabulary (Add, IfThenElse, Exp
// ...) is declared for the values it will meet: core/scalar_math.h for numbers, Highway for
// vectors. `d` tells the vector's or number's type.

// --- arithmetic ---

struct CopyOp : Functor<1, kAllTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V x) {
    return x;
  }
};

struct AddOp : Functor<2, kAllTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    return Add(a, b);
  }
};

struct SubOp : Functor<2, kNumericTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    return Sub(a, b);
  }
};

struct MulOp : Functor<2, kAllTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    return Mul(a, b);
  }
};

struct DivOp : Functor<2, kFloatingTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    return Div(a, b);
  }
};

// a + alpha * b: add with its alpha.
struct AddScaledOp : Functor<3, kAllTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b, V alpha) {
    return MulAdd(alpha, b, a);
  }
};

// a - alpha * b: sub with its alpha.
struct SubScaledOp : Functor<3, kAllTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b, V alpha) {
    return NegMulAdd(alpha, b, a);
  }
};

struct ReciprocalOp : Functor<1, kFloatingTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D d, V x) {
    return Div(Set(d, 1), x);
  }
};

struct DivTruncOp : Functor<2, kNumericTypes, /*kReturnsBool=*/false, /*kVectorized=*/false> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    return DivTrunc(a, b);
  }
};

struct DivFloorOp : Functor<2, kNumericTypes, /*kReturnsBool=*/false, /*kVectorized=*/false> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    return DivFloor(a, b);
  }
};

struct RemainderOp : Functor<2, kNumericTypes, /*kReturnsBool=*/false, /*kVectorized=*/false> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    return Remainder(a, b);
  }
};

struct BitwiseAndOp : Functor<2, kIntegralTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    return BitwiseAnd(a, b);
  }
};

struct BitwiseOrOp : Functor<2, kIntegralTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    return BitwiseOr(a, b);
  }
};

struct BitwiseXorOp : Functor<2, kIntegralTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    return BitwiseXor(a, b);
  }
};

struct BitwiseNotOp : Functor<1, kIntegralTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V x) {
    return BitwiseNot(x);
  }
};

struct NegOp : Functor<1, kNumericTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V x) {
    return Neg(x);
  }
};

struct AbsOp : Functor<1, kNumericTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V x) {
    return Abs(x);
  }
};

// 0 for NaN and for both zeros, as torch.sign.
struct SignOp : Functor<1, kAllTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D d, V x) {
    const V zero = Zero(d);
    return IfThenElse(Gt(x, zero), Set(d, 1), IfThenElse(Lt(x, zero), Set(d, -1), zero));
  }
};

// A NaN on either side is the result.
struct MaximumOp : Functor<2, kAllTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    return IfThenElse(Or(Gt(a, b), IsNaN(a)), a, b);
  }
};

struct MinimumOp : Functor<2, kAllTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    return IfThenElse(Or(Lt(a, b), IsNaN(a)), a, b);
  }
};

// Keeps NaN and -0.
struct ReluOp : Functor<1, kNumericTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D d, V x) {
    return IfThenElse(Lt(x, Zero(d)), Zero(d), x);
  }
};

// The gradient passes where x > 0 and where x is NaN.
struct ThresholdBackwardOp : Functor<2, kNumericTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D d, V grad, V x) {
    return IfThenElse(Le(x, Zero(d)), Zero(d), grad);
  }
};

struct SquaredDifferenceOp : Functor<2, kNumericTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    const V difference = Sub(a, b);
    return Mul(difference, difference);
  }
};

// --- math ---

struct ExpOp : Functor<1, kFloatingTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D d, V x) {
    return Exp(d, x);
  }
};

struct LogOp : Functor<1, kFloatingTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D d, V x) {
    return Log(d, x);
  }
};

struct SqrtOp : Functor<1, kFloatingTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V x) {
    return Sqrt(x);
  }
};

struct TanhOp : Functor<1, kFloatingTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D d, V x) {
    return Tanh(d, x);
  }
};

// grad * (1 - y^2), y being tanh's result.
struct TanhBackwardOp : Functor<2, kFloatingTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D d, V grad, V y) {
    return Mul(grad, Sub(Set(d, 1), Mul(y, y)));
  }
};

struct SigmoidOp : Functor<1, kFloatingTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D d, V x) {
    return Sigmoid(d, x);
  }
};

// grad * (1 - y) * y, y being sigmoid's result.
struct SigmoidBackwardOp : Functor<2, kFloatingTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D d, V grad, V y) {
    return Mul(Mul(grad, Sub(Set(d, 1), y)), y);
  }
};

struct PowOp : Functor<2, kNumericTypes, /*kReturnsBool=*/false, /*kVectorized=*/false> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V base, V exponent) {
    return Pow(base, exponent);
  }
};

// The exponent is the same number for all elements.
struct PowScalarOp : Functor<2, kAllTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V base, V exponent) {
    return PowScalar(base, exponent);
  }
};

// --- compare ---

struct EqOp : Functor<2, kAllTypes, true, false> {
  template <class D, class V>
  static LIBTENSOR_INLINE auto apply(D, V a, V b) {
    return Eq(a, b);
  }
};

struct NeOp : Functor<2, kAllTypes, true, false> {
  template <class D, class V>
  static LIBTENSOR_INLINE auto apply(D, V a, V b) {
    return Ne(a, b);
  }
};

struct LtOp : Functor<2, kAllTypes, true, false> {
  template <class D, class V>
  static LIBTENSOR_INLINE auto apply(D, V a, V b) {
    return Lt(a, b);
  }
};

struct LeOp : Functor<2, kAllTypes, true, false> {
  template <class D, class V>
  static LIBTENSOR_INLINE auto apply(D, V a, V b) {
    return Le(a, b);
  }
};

struct GtOp : Functor<2, kAllTypes, true, false> {
  template <class D, class V>
  static LIBTENSOR_INLINE auto apply(D, V a, V b) {
    return Gt(a, b);
  }
};

struct GeOp : Functor<2, kAllTypes, true, false> {
  template <class D, class V>
  static LIBTENSOR_INLINE auto apply(D, V a, V b) {
    return Ge(a, b);
  }
};

// --- select ---

// Highway leaves open what Ne says of NaN, which is true as a condition: so Eq.
struct WhereOp : Functor<3, kAllTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D d, V condition, V a, V b) {
    return IfThenElse(Eq(condition, Zero(d)), b, a);
  }
};
