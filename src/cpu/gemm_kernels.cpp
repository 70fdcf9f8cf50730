// A blocked matrix product, once per instruction set: panels of a and b are packed so that the
// innermost loop reads both in order and keeps a tile of c in registers (K. Goto, R. van de Geijn,
// "Anatomy of high-performance matrix multiplication", 2008). Each element of c is summed over k in
// the same order wherever its tile lies, so neither the threads nor the rectangle that a call
// covers change its bits.
#include "core/scalar_math.h"
#include "cpu/kernel_tables.h"
#include "cpu/matmul.h"
#include "cpu/scratch.h"
#include "cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/gemm_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace libtensor::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The tile of c that the registers hold: kRows rows of two vectors, or of one where c is narrow.
#if HWY_TARGET == HWY_AVX3
inline constexpr int kRows = 12;
#elif HWY_TARGET == HWY_AVX2
inline constexpr int kRows = 6;
#else
inline constexpr int kRows = 4;
#endif
inline constexpr int64_t kDepth = 384;  // of a panel: a's part of it stays in L1, b's in L2
inline constexpr int64_t kMaxRows = 20 * kRows;
inline constexpr int64_t kMaxColumns = 1024;

// Storage S, computed as T: half types in float.
template <class S>
struct GemmTypes {
  using T = S;
};
template <>
struct GemmTypes<Half> {
  using T = float;
};
template <>
struct GemmTypes<BFloat16> {
  using T = float;
};

// to[p][i] = from[i * across + p * along] for `width` lines of a panel that has room for kWidth;
// the rest is zero.
template <int64_t kWidth, class T, class S>
HWY_ATTR void PackPanel(T* to, const S* from, int64_t along, int64_t across, int64_t depth,
                        int64_t width) {
  if (width == kWidth && across == 1) {
    for (int64_t p = 0; p < depth; ++p) {
      for (int64_t i = 0; i < kWidth; ++i) to[p * kWidth + i] = convert<T>(from[p * along + i]);
    }
  } else if (width == kWidth) {
    for (int64_t p = 0; p < depth; ++p) {
      for (int64_t i = 0; i < kWidth; ++i)
        to[p * kWidth + i] = convert<T>(from[p * along + i * across]);
    }
  } else {
    for (int64_t p = 0; p < depth; ++p) {
      for (int64_t i = 0; i < width; ++i)
        to[p * kWidth + i] = convert<T>(from[p * along + i * across]);
      for (int64_t i = width; i < kWidth; ++i) to[p * kWidth + i] = T(0);
    }
  }
}

// tile[kRows][kVectors vectors] = a's panel times b's panel.
template <int kVectors, class T>
HWY_INLINE HWY_ATTR void MultiplyPanels(const T* a, const T* b, int64_t depth, T* tile) {
  constexpr int64_t kWidth = kVectors * HWY_LANES(T);
  if constexpr (std::is_floating_point_v<T>) {
    const hn::ScalableTag<T> d;
    constexpr int64_t kLanes = HWY_LANES(T);
    hn::Vec<decltype(d)> sums[kRows][kVectors];
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::Zero(d);
    }
    for (int64_t p = 0; p < depth; ++p) {
      hn::Vec<decltype(d)> line[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) line[v] = hn::LoadU(d, b + v * kLanes);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const auto value = hn::Set(d, a[i]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(value, line[v], sums[i][v]);
      }
      a += kRows;
      b += kWidth;
    }
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        hn::StoreU(sums[i][v], d, tile + (i * kVectors + v) * kLanes);
      }
    }
  } else {
    using U = Wrapping<T>;
    U sums[kRows * kWidth] = {};
    for (int64_t p = 0; p < depth; ++p, a += kRows, b += kWidth) {
      for (int i = 0; i < kRows; ++i) {
        for (int64_t j = 0; j < kWidth; ++j) sums[i * kWidth + j] += U(a[i]) * U(b[j]);
      }
    }
    for (int64_t i = 0; i < kRows * kWidth; ++i) tile[i] = static_cast<T>(sums[i]);
  }
}

// c = alpha * tile + beta * c; c is not read where beta is zero.
template <class T, class S>
HWY_INLINE HWY_ATTR void StoreTile(const T* tile, int64_t tile_stride, S* c, int64_t c_stride,
                                   int64_t rows, int64_t columns, T alpha, T beta) {
  for (int64_t i = 0; i < rows; ++i, c += c_stride, tile += tile_stride) {
    if (beta == T(0)) {
      for (int64_t j = 0; j < columns; ++j) c[j] = convert<S>(Mul(alpha, tile[j]));
    } else {
      for (int64_t j = 0; j < columns; ++j) {
        c[j] = convert<S>(Add(Mul(alpha, tile[j]), Mul(beta, convert<T>(c[j]))));
      }
    }
  }
}

template <class S, int kVectors>
HWY_ATTR void GemmTiles(const GemmArguments& g) {
  using T = typename GemmTypes<S>::T;
  constexpr int64_t kWidth = kVectors * HWY_LANES(T);
  // A sum cut along k passes through c, so where c is a half type it is not cut.
  const int64_t max_depth = std::is_same_v<S, T> ? kDepth : std::max<int64_t>(g.k, 1);
  const int64_t depth_room = std::min(g.k, max_depth);
  const int64_t row_room = std::min(ceil_to(g.m, kRows), kMaxRows);
  const int64_t column_room = std::min(ceil_to(g.n, kWidth), kMaxColumns);
  Scratch scratch((row_room + column_room) * depth_room * sizeof(T) + 64);
  T* const a_panels = static_cast<T*>(scratch.data());
  T* const b_panels = a_panels + ceil_to(row_room * depth_room, 64 / sizeof(T));
  HWY_ALIGN T tile[kRows * kWidth];
  const S *const a = static_cast<const S*>(g.a), *const b = static_cast<const S*>(g.b);
  S* const c = static_cast<S*>(g.c);

  for (int64_t j0 = 0; j0 < g.n; j0 += kMaxColumns) {
    const int64_t columns = std::min(kMaxColumns, g.n - j0);
    for (int64_t p0 = 0; p0 < std::max<int64_t>(g.k, 1); p0 += max_depth) {
      const int64_t depth = std::min(max_depth, g.k - p0);
      const T beta = p0 == 0 ? static_cast<T>(g.beta) : T(1);
      for (int64_t j = 0; j < columns; j += kWidth) {
        PackPanel<kWidth>(b_panels + j * depth, b + p0 * g.b_row_stride + (j0 + j) * g.b_col_stride,
                          g.b_row_stride, g.b_col_stride, depth, std::min(kWidth, columns - j));
      }
      for (int64_t i0 = 0; i0 < g.m; i0 += kMaxRows) {
        const int64_t rows = std::min(kMaxRows, g.m - i0);
        for (int64_t i = 0; i < rows; i += kRows) {
          PackPanel<kRows>(a_panels + i * depth,
                           a + (i0 + i) * g.a_row_stride + p0 * g.a_col_stride, g.a_col_stride,
                           g.a_row_stride, depth, std::min<int64_t>(kRows, rows - i));
        }
        for (int64_t j = 0; j < columns; j += kWidth) {
          for (int64_t i = 0; i < rows; i += kRows) {
            MultiplyPanels<kVectors>(a_panels + i * depth, b_panels + j * depth, depth, tile);
            StoreTile(tile, kWidth, c + (i0 + i) * g.c_row_stride + j0 + j, g.c_row_stride,
                      std::min<int64_t>(kRows, rows - i), std::min(kWidth, columns - j),
                      static_cast<T>(g.alpha), beta);
          }
        }
      }
    }
  }
}

template <class S>
void Gemm(const GemmArguments& g) {
  if (g.n <= static_cast<int64_t>(HWY_LANES(typename GemmTypes<S>::T)))
    GemmTiles<S, 1>(g);
  else
    GemmTiles<S, 2>(g);
}

template <class... Types>
void AddKernels() {
  ((gemm_kernels[static_cast<int>(dtype_of<Types>)] = Gemm<Types>), ...);
}

void FillGemm() {
  AddKernels<uint8_t, int8_t, int16_t, int32_t, int64_t, Half, BFloat16, float, double>();
}

}  // namespace libtensor::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace libtensor::cpu {
constinit GemmKernel gemm_kernels[kDTypeCount] = {};
HWY_EXPORT(FillGemm);
namespace {
const KernelFile file([] { HWY_DYNAMIC_DISPATCH(FillGemm)(); });
}  // namespace
}  // namespace libtensor::cpu
#endif
