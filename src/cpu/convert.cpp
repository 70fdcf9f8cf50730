// Conversion of contiguous elements between every two dtypes.
#include "core/dtype.h"
#include "cpu/kernel_tables.h"
#include "cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/convert.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cstring>

#include "cpu/half_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor::cpu::HWY_NAMESPACE {

template <class T>
inline constexpr bool kIsHalf = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;

// How many elements, from the first on, whole vectors have converted.
template <class From, class To>
HWY_INLINE HWY_ATTR int64_t ConvertHalfs([[maybe_unused]] To* to, [[maybe_unused]] const From* from,
                                         [[maybe_unused]] int64_t n) {
  int64_t i = 0;
  if constexpr (kConvertsHalfs) {
    const hn::ScalableTag<float> d;
    constexpr int64_t kLanes = HWY_LANES(float);
    if constexpr (kIsHalf<From>) {
      for (; i + kLanes <= n; i += kLanes) hn::StoreU(LoadHalfs(d, from + i), d, to + i);
    } else {
      for (; i + kLanes <= n; i += kLanes) StoreHalfs(d, hn::LoadU(d, from + i), to + i);
    }
  }
  return i;
}

template <class From, class To>
HWY_ATTR void Convert(void* to, const void* from, int64_t n) {
  if constexpr (std::is_same_v<From, To>) {
    if (to != from) std::memcpy(to, from, n * sizeof(To));
  } else {
    // A bool in memory may come from anywhere: any byte but 0 is true.
    using Source = std::conditional_t<std::is_same_v<From, bool>, uint8_t, From>;
    const Source* const source = static_cast<const Source*>(from);
    To* const result = static_cast<To*>(to);
    int64_t done = 0;
    if constexpr ((kIsHalf<From> && std::is_same_v<To, float>) ||
                  (std::is_same_v<From, float> && kIsHalf<To>)) {
      done = ConvertHalfs(result, source, n);
    }
#pragma GCC ivdep
    for (int64_t i = done; i < n; ++i) {
      if constexpr (std::is_same_v<From, bool>)
        result[i] = convert<To>(source[i] != 0);
      else
        result[i] = convert<To>(source[i]);
    }
  }
}

HWY_ATTR void Stream(void* to, const void* from, int64_t bytes) {
  const hn::ScalableTag<uint8_t> d;
  const uint8_t* const source = static_cast<const uint8_t*>(from);
  uint8_t* const result = static_cast<uint8_t*>(to);
  for (int64_t i = 0; i < bytes; i += HWY_LANES(uint8_t))
    hn::Stream(hn::LoadU(d, source + i), d, result + i);
}

template <class From, class... To>
void AddRow(KernelTables& tables) {
  ((tables.convert[static_cast<int>(dtype_of<From>)][static_cast<int>(dtype_of<To>)] =
        Convert<From, To>),
   ...);
}

template <class... Types>
void AddAll(KernelTables& tables) {
  (AddRow<Types, Types...>(tables), ...);
}

void FillConvert(KernelTables& tables) {
  AddAll<bool, uint8_t, int8_t, int16_t, int32_t, int64_t, Half, BFloat16, float, double>(tables);
  tables.stream = Stream;
  tables.target = HWY_TARGET;
}

}  // namespace libtensor::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace libtensor::cpu {
HWY_EXPORT(FillConvert);
namespace {
const KernelFile file([] { HWY_DYNAMIC_DISPATCH(FillConvert)(kernels); });
}  // namespace
}  // namespace libtensor::cpu
#endif
