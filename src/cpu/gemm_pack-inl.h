// Packing: lines of a factor that a tile reads together, laid side by side in the order in which it
// reads them.
#if defined(LIBTENSOR_CPU_GEMM_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LIBTENSOR_CPU_GEMM_PACK_INL_H_
#undef LIBTENSOR_CPU_GEMM_PACK_INL_H_
#else
#define LIBTENSOR_CPU_GEMM_PACK_INL_H_
#endif

#include <hwy/highway.h>

#include <bit>

#include "core/dtype.h"
#include "cpu/half_vectors-inl.h"
#include "cpu/partial_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor {
namespace cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// A vector of T from consecutive elements of storage S.
template <class D, class S>
HWY_INLINE HWY_ATTR hn::Vec<D> LoadAs(D d, const S* p) {
  using T = hn::TFromD<D>;
  if constexpr (std::is_same_v<S, Half> || std::is_same_v<S, BFloat16>) {
    return LoadHalfs(d, p);
  } else if constexpr (sizeof(S) == sizeof(T)) {
    return hn::LoadU(d, reinterpret_cast<const T*>(p));
  } else {
    return hn::PromoteTo(d, hn::LoadU(hn::Rebind<S, D>(), p));
  }
}
template <class S>
inline constexpr bool kLoadsVectors = HWY_TARGET != HWY_SCALAR &&
                                      (!std::is_same_v<S, Half> || kConvertsHalfs);

// The widest vectors of which a line of `width` elements is made, and the rest.
template <class T, int64_t kWidth>
inline constexpr int64_t kPart = std::min<int64_t>(HWY_LANES(T),
                                                   std::bit_floor(static_cast<uint64_t>(kWidth)));

// One line whose elements are contiguous.
template <int64_t kWidth, class T, class S>
HWY_INLINE HWY_ATTR void PackLine(T* to, const S* from) {
  if constexpr (kWidth > 0) {
    constexpr int64_t kLanes = kPart<T, kWidth>;
    const hn::FixedTag<T, kLanes> d;
    hn::StoreU(LoadAs(d, from), d, to);
    PackLine<kWidth - kLanes>(to + kLanes, from + kLanes);
  }
}

// The same where `used` of its kWidth elements are there.
template <int64_t kWidth, class T>
HWY_INLINE HWY_ATTR void PackPartialLine(T* to, const T* from, int64_t used) {
  constexpr int64_t kLanes = kPart<T, kWidth>;
  const hn::FixedTag<T, kLanes> d;
  for (int64_t i = 0; i < kWidth; i += kLanes) {
    const int64_t left = used - i;
    const auto v = left >= kLanes ? hn::LoadU(d, from + i)
                   : left > 0     ? LoadPadded(d, from + i, left)
                                  : hn::Set(d, from[0]);
    hn::StoreU(v, d, to + i);
  }
}

#if HWY_TARGET != HWY_SCALAR  // which knows no blocks
// 128 bits from each of kCount places that lie `across` apart.
template <int64_t kCount, class T, class S>
HWY_INLINE HWY_ATTR auto LoadBlocks(const S* from, int64_t across) {
  constexpr int64_t kBlock = 16 / sizeof(T);
  if constexpr (kCount == 1) {
    return LoadAs(hn::FixedTag<T, kBlock>(), from);
  } else {
    return hn::Combine(hn::FixedTag<T, kCount * kBlock>(),
                       LoadBlocks<kCount / 2, T>(from + kCount / 2 * across, across),
                       LoadBlocks<kCount / 2, T>(from, across));
  }
}

// The next 16 bytes of kLines lines, contiguous along the depth: line i becomes column i.
template <int64_t kLines, int64_t kWidth, class T, class S>
HWY_INLINE HWY_ATTR void Transpose(T* to, const S* from, int64_t across) {
  constexpr int64_t kBlock = 16 / sizeof(T);
  constexpr int64_t kBlocks = kLines / kBlock;
  if constexpr (kBlocks == 0) {  // two lines of four elements
    const hn::FixedTag<T, 4> d;
    const hn::FixedTag<T, 2> half;
    const auto v0 = LoadAs(d, from), v1 = LoadAs(d, from + across);
    const auto low = hn::InterleaveLower(d, v0, v1), high = hn::InterleaveUpper(d, v0, v1);
    hn::StoreU(hn::LowerHalf(half, low), half, to);
    hn::StoreU(hn::UpperHalf(half, low), half, to + kWidth);
    hn::StoreU(hn::LowerHalf(half, high), half, to + 2 * kWidth);
    hn::StoreU(hn::UpperHalf(half, high), half, to + 3 * kWidth);
  } else if constexpr (kBlock == 2) {
    const hn::FixedTag<T, kLines> d;
    const auto v0 = LoadBlocks<kBlocks, T>(from, 2 * across);
    const auto v1 = LoadBlocks<kBlocks, T>(from + across, 2 * across);
    hn::StoreU(hn::InterleaveLower(d, v0, v1), d, to);
    hn::StoreU(hn::InterleaveUpper(d, v0, v1), d, to + kWidth);
  } else {
    const hn::FixedTag<T, kLines> d;
    const auto v0 = LoadBlocks<kBlocks, T>(from, 4 * across);
    const auto v1 = LoadBlocks<kBlocks, T>(from + across, 4 * across);
    const auto v2 = LoadBlocks<kBlocks, T>(from + 2 * across, 4 * across);
    const auto v3 = LoadBlocks<kBlocks, T>(from + 3 * across, 4 * across);
    const auto even = hn::InterleaveLower(d, v0, v2), odd = hn::InterleaveLower(d, v1, v3);
    const auto even2 = hn::InterleaveUpper(d, v0, v2), odd2 = hn::InterleaveUpper(d, v1, v3);
    hn::StoreU(hn::InterleaveLower(d, even, odd), d, to);
    hn::StoreU(hn::InterleaveUpper(d, even, odd), d, to + kWidth);
    hn::StoreU(hn::InterleaveLower(d, even2, odd2), d, to + 2 * kWidth);
    hn::StoreU(hn::InterleaveUpper(d, even2, odd2), d, to + 3 * kWidth);
  }
}

// kDepth elements of kLines lines, few lines at a time and of these whole cache lines: lines a
// power of two apart meet in the same sets of the cache, which hold eight of them.
template <int64_t kDepth, int64_t kLines, int64_t kWidth, class T, class S>
HWY_INLINE HWY_ATTR void TransposeLines(T* to, const S* from, int64_t across) {
  if constexpr (kLines > 0) {
    constexpr int64_t kBlock = 16 / sizeof(T);
    constexpr int64_t kPartLines = std::min<int64_t>(8, kPart<T, kLines>);
    for (int64_t p = 0; p < kDepth; p += kBlock)
      Transpose<kPartLines, kWidth>(to + p * kWidth, from + p, across);
    TransposeLines<kDepth, kLines - kPartLines, kWidth>(to + kPartLines, from + kPartLines * across,
                                                        across);
  }
}
#else
template <int64_t, int64_t, int64_t, class T, class S>
void TransposeLines(T*, const S*, int64_t) {}
#endif

// to[p][i] = from[i * across + p * along] for the `width` lines of a panel that has room for
// kWidth. The rest is what the first line is: what is computed of it raises no floating-point
// exceptions of its own.
template <int64_t kWidth, class T, class S>
HWY_ATTR HWY_NOINLINE void PackPanel(T* to, const S* from, int64_t along, int64_t across,
                                     int64_t depth, int64_t width) {
  int64_t p = 0;
  if constexpr (kLoadsVectors<S>) {
    if (width == kWidth && across == 1) {
      for (; p < depth; ++p) PackLine<kWidth>(to + p * kWidth, from + p * along);
    } else if (width == kWidth && along == 1 && HWY_TARGET != HWY_SCALAR) {
      constexpr int64_t kLine = 64 / sizeof(T);
      for (; p + kLine <= depth; p += kLine)
        TransposeLines<kLine, kWidth, kWidth>(to + p * kWidth, from + p, across);
    } else if constexpr (std::is_same_v<S, T> && std::is_floating_point_v<T>) {
      if (across == 1)
        for (; p < depth; ++p) PackPartialLine<kWidth>(to + p * kWidth, from + p * along, width);
    }
  }
  for (; p < depth; ++p) {
    for (int64_t i = 0; i < width; ++i)
      to[p * kWidth + i] = convert<T>(from[p * along + i * across]);
    for (int64_t i = width; i < kWidth; ++i) to[p * kWidth + i] = to[p * kWidth];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cpu
}  // namespace libtensor
HWY_AFTER_NAMESPACE();

#endif  // LIBTENSOR_CPU_GEMM_PACK_INL_H_
