// Vectors of floats from and to memory of half types, rounded to nearest even.
#if defined(LIBTENSOR_CPU_HALF_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LIBTENSOR_CPU_HALF_VECTORS_INL_H_
#undef LIBTENSOR_CPU_HALF_VECTORS_INL_H_
#else
#define LIBTENSOR_CPU_HALF_VECTORS_INL_H_
#endif

#include <hwy/highway.h>

#include "core/dtype.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor {
namespace cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Without the instructions for it Highway's own conversions of float16 are slower than scalar ones.
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
inline constexpr bool kConvertsHalfs = true;
#else
inline constexpr bool kConvertsHalfs = false;
#endif

template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> LoadHalfs(D d, const Half* p) {
  const hn::Rebind<hwy::float16_t, D> dh;
  return hn::PromoteTo(d, hn::LoadU(dh, reinterpret_cast<const hwy::float16_t*>(p)));
}
template <class D, class V>
HWY_INLINE HWY_ATTR void StoreHalfs(D, V v, Half* p) {
  const hn::Rebind<hwy::float16_t, D> dh;
  hn::StoreU(hn::DemoteTo(dh, v), dh, reinterpret_cast<hwy::float16_t*>(p));
}

template <class D>
HWY_INLINE HWY_ATTR hn::Vec<D> LoadHalfs(D d, const BFloat16* p) {
  const hn::Rebind<uint16_t, D> dh;
  const hn::RebindToUnsigned<D> du;
  const auto bits = hn::PromoteTo(du, hn::LoadU(dh, reinterpret_cast<const uint16_t*>(p)));
  return hn::BitCast(d, hn::ShiftLeft<16>(bits));
}
template <class D, class V>
HWY_INLINE HWY_ATTR void StoreHalfs(D d, V v, BFloat16* p) {
  const hn::Rebind<uint16_t, D> dh;
  const hn::RebindToUnsigned<D> du;
  const hn::RebindToSigned<D> di;
  const auto bits = hn::BitCast(du, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1u));
  const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fffu))));
  const auto nan = hn::BitCast(d, hn::Set(du, 0x7fc0u));
  const auto result = hn::IfThenElse(hn::IsNaN(v), nan, hn::BitCast(d, rounded));
  hn::StoreU(hn::DemoteTo(dh, hn::BitCast(di, result)), dh, reinterpret_cast<uint16_t*>(p));
}

}  // namespace HWY_NAMESPACE
}  // namespace cpu
}  // namespace libtensor
HWY_AFTER_NAMESPACE();

#endif  // LIBTENSOR_CPU_HALF_VECTORS_INL_H_
