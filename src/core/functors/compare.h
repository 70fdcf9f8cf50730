// Comparisons: a fragment (core/functors/README.md).

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
