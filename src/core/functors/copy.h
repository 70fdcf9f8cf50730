// Copies and conversions: a fragment (core/functors/README.md).

struct CopyOp : Functor<1, kAllTypes> {
  static constexpr bool copies = true;
  template <class C>
  using Parameters = libtensor::Parameters<>;
  template <class C, class D, class V>
  static LIBTENSOR_INLINE V apply(D, V x) {
    return x;
  }
};
