// Mathematical functions, and derivatives of some: a fragment (core/functors/README.md).

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
