// Arithmetic: a fragment (core/functors/README.md).

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

struct SquaredDifferenceOp : Functor<2, kNumericTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D, V a, V b) {
    const V difference = Sub(a, b);
    return Mul(difference, difference);
  }
};
