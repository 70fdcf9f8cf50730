// Activations, and their derivatives: a fragment (core/functors/README.md).

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
