// The innermost part of a matrix product: a tile of c that is summed in registers.
#if defined(LIBTENSOR_CPU_GEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LIBTENSOR_CPU_GEMM_TILE_INL_H_
#undef LIBTENSOR_CPU_GEMM_TILE_INL_H_
#else
#define LIBTENSOR_CPU_GEMM_TILE_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "core/dtype.h"
#include "core/scalar_math.h"
#include "cpu/partial_vectors-inl.h"
#include "cpu/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor {
namespace cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Two vectors wide, and so high that the sums fill most registers: 24 of 32, 12 of 16. At the ends
// of c, tiles of a third and two thirds of the height, and of a vector and half of one, compute
// less that nobody asked for.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
inline constexpr int kRows = 12;
#else
inline constexpr int kRows = 6;
#endif
inline constexpr int kRowStep = kRows / 3;
template <class T>
inline constexpr int64_t kWidth = 2 * HWY_LANES(T);
template <class T>  // or a whole one where vectors are short
inline constexpr int64_t kHalfVector = HWY_LANES(T) * sizeof(T) > 16 ? HWY_LANES(T) / 2
                                                                     : HWY_LANES(T);

// The height of the next tile where `left` rows are left, and its width where columns are. Integers
// have one size of tile: their products are rarely large.
template <class T>
constexpr int64_t tile_height(int64_t left) {
  return left >= kRows || std::is_integral_v<T> ? kRows : ceil_to(left, kRowStep);
}
template <class T>
constexpr int64_t tile_width(int64_t left) {
  constexpr int64_t kLanes = HWY_LANES(T);
  if (2 * left > 3 * kLanes || std::is_integral_v<T>) return 2 * kLanes;
  return 2 * left > kLanes ? kLanes : kHalfVector<T>;
}

// A tile's part of the factors: a[i][p] and b[p][j], whose columns are contiguous, for p < depth.
template <class T>
struct TileFactors {
  const T *a, *b;
  int64_t a_row_stride, a_col_stride, b_row_stride, depth;
};

// Where a tile's sums go: c = alpha * sums + beta * c; c is not read where beta is zero.
template <class T>
struct TileResult {
  T* c;
  int64_t c_stride, rows, columns;
  T alpha, beta;
};

#if HWY_TARGET == HWY_SCALAR || (HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3)
inline constexpr bool kMultipliesLong = true;
#else
inline constexpr bool kMultipliesLong = false;
#endif

// 64 bits by their halves, where there is no instruction for the whole.
template <class D, class V>
HWY_INLINE HWY_ATTR V MultiplyLong(D, V a, V b) {
  const hn::Repartition<uint32_t, D> d32;
  const auto low = [&](V v) { return hn::BitCast(d32, v); };
  const auto high = [&](V v) { return hn::BitCast(d32, hn::ShiftRight<32>(v)); };
  const auto cross = hn::Add(hn::MulEven(low(a), high(b)), hn::MulEven(high(a), low(b)));
  return hn::Add(hn::MulEven(low(a), low(b)), hn::ShiftLeft<32>(cross));
}

template <class D, class V>
HWY_INLINE HWY_ATTR V MultiplyAdd(D, V a, V b, V sum) {
  using T = hn::TFromD<D>;
  if constexpr (std::is_floating_point_v<T>) {
    return hn::MulAdd(a, b, sum);
  } else if constexpr (sizeof(T) == 4 || kMultipliesLong) {
    return hn::Add(hn::Mul(a, b), sum);
  } else {
    return hn::Add(MultiplyLong(D(), a, b), sum);
  }
}

template <class T, class S>
HWY_ATTR void StoreTile(const T* tile, int64_t tile_stride, S* c, int64_t c_stride, int64_t rows,
                        int64_t columns, T alpha, T beta) {
  for (int64_t i = 0; i < rows; ++i, c += c_stride, tile += tile_stride) {
    if (beta == T(0)) {
      for (int64_t j = 0; j < columns; ++j) c[j] = convert<S>(Mul(alpha, tile[j]));
    } else {
      for (int64_t j = 0; j < columns; ++j)
        c[j] = convert<S>(Add(Mul(alpha, tile[j]), Mul(beta, convert<T>(c[j]))));
    }
  }
}

// The same by vectors. The tile is as wide as whole vectors.
template <class D, class T = hn::TFromD<D>>
HWY_ATTR HWY_NOINLINE void StoreTileVectors(D d, const T* tile, int64_t width,
                                            const TileResult<T>& r) {
  constexpr int64_t kLanes = hn::MaxLanes(d);
  const auto alpha = hn::Set(d, r.alpha), beta = hn::Set(d, r.beta);
  for (int64_t i = 0; i < r.rows; ++i) {
    for (int64_t j = 0; j < r.columns; j += kLanes) {
      const int64_t left = r.columns - j;
      T* const c = r.c + i * r.c_stride + j;
      auto sums = hn::Mul(alpha, hn::Load(d, tile + i * width + j));
      if (r.beta != T(0)) {
        const auto before = left >= kLanes ? hn::LoadU(d, c) : LoadPadded(d, c, left);
        sums = hn::Add(sums, hn::Mul(beta, before));
      }
      if (left >= kLanes)
        hn::StoreU(sums, d, c);
      else
        StorePartial(d, sums, c, left);
    }
  }
}

// c = sums, or c += sums, straight from the registers.
template <bool kAdds, class D, class V, int kR, int kV, class T = hn::TFromD<D>>
HWY_INLINE HWY_ATTR void StoreSums(D d, const V (&sums)[kR][kV], const TileResult<T>& r) {
#pragma GCC unroll 16
  for (int i = 0; i < kR; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) {
      T* const c = r.c + i * r.c_stride + v * hn::MaxLanes(d);
      hn::StoreU(kAdds ? hn::Add(sums[i][v], hn::LoadU(d, c)) : sums[i][v], d, c);
    }
  }
}

// kR rows of kV vectors. Every element is a chain of multiply-adds along p, whatever the tile: its
// bits do not depend on where tiles lie. kPacked: a's column is contiguous, as packing leaves it.
template <int kR, class D, int kV, bool kPacked, class T = hn::TFromD<D>>
HWY_ATTR void MultiplyTile(const TileFactors<T>& f, const TileResult<T>& r) {
  const D d;
  constexpr int64_t kLanes = hn::MaxLanes(d), kColumns = kV * kLanes;
  hn::Vec<D> sums[kR][kV];
#pragma GCC unroll 16
  for (int i = 0; i < kR; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) sums[i][v] = hn::Zero(d);
  }
  const bool whole = r.rows == kR && r.columns == kColumns && r.alpha == T(1);
  if (whole && f.depth >= 64) {  // c may be far: its lines come while the sums are made
#pragma GCC unroll 16
    for (int i = 0; i < kR; ++i) {
      hwy::Prefetch(r.c + i * r.c_stride);
      hwy::Prefetch(r.c + i * r.c_stride + (kColumns - 1));
    }
  }
  const int64_t a_row = kPacked ? 1 : f.a_row_stride, a_step = kPacked ? kR : f.a_col_stride;
  // Every third row has a pointer: a processor's addresses add a stride once or twice.
  const T* a[4];
  for (int i = 0; i < kR; i += 3) a[i / 3] = f.a + i * a_row;
  const T* b = f.b;
  for (int64_t p = 0; p < f.depth; ++p) {
    hn::Vec<D> line[kV];
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) line[v] = hn::LoadU(d, b + v * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < kR; ++i) {
      const auto value = hn::Set(d, kPacked ? a[0][i] : a[i / 3][i % 3 * a_row]);
#pragma GCC unroll 4
      for (int v = 0; v < kV; ++v) sums[i][v] = MultiplyAdd(d, value, line[v], sums[i][v]);
    }
    for (int i = 0; i < kR; i += 3) a[i / 3] += a_step;
    b += f.b_row_stride;
  }

  if (whole && r.beta == T(0)) {
    StoreSums<false>(d, sums, r);
  } else if (whole && r.beta == T(1)) {
    StoreSums<true>(d, sums, r);
  } else {
    HWY_ALIGN T tile[kR * kColumns];
#pragma GCC unroll 16
    for (int i = 0; i < kR; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kV; ++v) hn::Store(sums[i][v], d, tile + (i * kV + v) * kLanes);
    }
    if constexpr (std::is_floating_point_v<T>)
      StoreTileVectors(d, tile, kColumns, r);
    else
      StoreTile(tile, kColumns, r.c, r.c_stride, r.rows, r.columns, r.alpha, r.beta);
  }
}

template <class T>
using TileFunction = void (*)(const TileFactors<T>&, const TileResult<T>&);

template <class T, bool kPacked>
HWY_ATTR void MultiplyTileOf(int64_t height, int64_t width, const TileFactors<T>& f,
                             const TileResult<T>& r) {
  using D = hn::ScalableTag<T>;
  if constexpr (std::is_floating_point_v<T>) {
    constexpr int64_t kLanes = HWY_LANES(T);
    using H = hn::CappedTag<T, kHalfVector<T>>;
    static constexpr TileFunction<T> kTiles[3][3] = {
        {MultiplyTile<kRowStep, H, 1, kPacked>, MultiplyTile<kRowStep, D, 1, kPacked>,
         MultiplyTile<kRowStep, D, 2, kPacked>},
        {MultiplyTile<2 * kRowStep, H, 1, kPacked>, MultiplyTile<2 * kRowStep, D, 1, kPacked>,
         MultiplyTile<2 * kRowStep, D, 2, kPacked>},
        {MultiplyTile<kRows, H, 1, kPacked>, MultiplyTile<kRows, D, 1, kPacked>,
         MultiplyTile<kRows, D, 2, kPacked>},
    };
    kTiles[height / kRowStep - 1][width / kLanes](f, r);
  } else {
    MultiplyTile<kRows, D, 2, kPacked>(f, r);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cpu
}  // namespace libtensor
HWY_AFTER_NAMESPACE();

#endif  // LIBTENSOR_CPU_GEMM_TILE_INL_H_
