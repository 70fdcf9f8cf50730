// Loads and stores of the first lanes of a vector, which touch no memory beyond them.
#if defined(LIBTENSOR_CPU_PARTIAL_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LIBTENSOR_CPU_PARTIAL_VECTORS_INL_H_
#undef LIBTENSOR_CPU_PARTIAL_VECTORS_INL_H_
#else
#define LIBTENSOR_CPU_PARTIAL_VECTORS_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace libtensor {
namespace cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Highway says of AVX2 that masked accesses might fault, which is so for 8 and 16-bit lanes only.
#if !HWY_MEM_OPS_MIGHT_FAULT || (HWY_TARGET == HWY_AVX2 && !HWY_IS_ASAN && !HWY_IS_MSAN)
inline constexpr bool kMasksMemory = true;
#else
inline constexpr bool kMasksMemory = false;
#endif

// T is float or double, 0 < count < lanes of d; the other lanes are 0.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE HWY_ATTR hn::Vec<D> LoadPartial(D d, const T* p, int64_t count) {
  if constexpr (kMasksMemory) {
    return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(count)), d, p);
  } else {
    HWY_ALIGN T lanes[HWY_LANES(T)] = {};
    for (int64_t i = 0; i < count; ++i) lanes[i] = p[i];
    return hn::Load(d, lanes);
  }
}

// The same with the first element in the other lanes: what is computed of these raises no
// floating-point exception that the elements do not raise themselves.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE HWY_ATTR hn::Vec<D> LoadPadded(D d, const T* p, int64_t count) {
  return hn::IfThenElse(hn::FirstN(d, static_cast<size_t>(count)), LoadPartial(d, p, count),
                        hn::Set(d, p[0]));
}

template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE HWY_ATTR void StorePartial(D d, V v, T* p, int64_t count) {
  if constexpr (kMasksMemory) {
    hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(count)), d, p);
  } else {
    HWY_ALIGN T lanes[HWY_LANES(T)];
    hn::Store(v, d, lanes);
    for (int64_t i = 0; i < count; ++i) p[i] = lanes[i];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cpu
}  // namespace libtensor
HWY_AFTER_NAMESPACE();

#endif  // LIBTENSOR_CPU_PARTIAL_VECTORS_INL_H_
