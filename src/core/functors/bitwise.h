// Bitwise operations: a fragment (core/functors/README.md).

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
