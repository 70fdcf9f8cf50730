// Choice: a fragment (core/functors/README.md).

// Highway leaves open what Ne says of NaN, which is true as a condition: so Eq.
struct WhereOp : Functor<3, kAllTypes> {
  template <class D, class V>
  static LIBTENSOR_INLINE V apply(D d, V condition, V a, V b) {
    return IfThenElse(Eq(condition, Zero(d)), b, a);
  }
};
