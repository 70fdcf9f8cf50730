// The matrix product, once per instruction set, in the blocks of K. Goto, R. van de Geijn, "Anatomy
// of high-performance matrix multiplication", 2008, and F. Van Zee, R. van de Geijn, "BLIS", 2015:
// panels of a and b are packed so that the innermost loop reads both in order, and blocks of them
// stay in the caches. Each element of c is summed over k in the same order wherever its tile lies,
// so neither the threads nor the rectangle that a call covers change its bits.
#include "core/scalar_math.h"
#include "cpu/kernel_tables.h"
#include "cpu/matmul.h"
#include "cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/gemm_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <concepts>

#include "cpu/gemm_pack-inl.h"
#include "cpu/gemm_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor::cpu::HWY_NAMESPACE {

// Blocks, by the sizes of the caches: a panel of b (kMaxDepth x kWidth) comes from the first level
// or the one behind it while a's panels pass, a's block (kMaxRows x kMaxDepth) stays in the second
// level while b's panels pass, and b's block (kMaxDepth x kGemmColumns) in the last.
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3  // the second level has a megabyte
template <class T>
inline constexpr int64_t kMaxDepth = 4096 / sizeof(T);
inline constexpr int64_t kMaxRows = 10 * kRows;
inline constexpr int64_t kInPlaceBytes = 1 << 20;
#else
template <class T>
inline constexpr int64_t kMaxDepth = 2048 / sizeof(T);
inline constexpr int64_t kMaxRows = 12 * kRows;
inline constexpr int64_t kInPlaceBytes = 1 << 18;
#endif
inline constexpr int64_t kSumRows = 4 * kMaxRows;  // of sums that are kept apart from c

// Storage S is computed as T: half types in float, integers in unsigned ones that wrap around.
template <class S>
struct GemmTypes {
  using T = std::conditional_t<sizeof(S) <= 4, uint32_t, uint64_t>;
};
template <class S>
requires std::is_floating_point_v<S>
struct GemmTypes<S> {
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

template <class S>
struct Unsigned {
  using T = S;
};
template <std::integral S>
struct Unsigned<S> {
  using T = std::make_unsigned_t<S>;
};

template <class T>
T factor(double value) {
  if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(value);
  else
    return static_cast<T>(static_cast<int64_t>(value));
}

// Which factors tiles read where they lie, since packing them would cost more than it saves: those
// that few tiles read, and those that stay in the second-level cache.
struct InPlace {
  bool a, b;
};
template <class S>
InPlace in_place(const GemmArguments& g) {
  if constexpr (std::is_floating_point_v<S>) {
    constexpr int64_t kMost = kInPlaceBytes / sizeof(S);
    const int64_t a_room = std::max(g.m * g.a_row_stride, g.k * g.a_col_stride);
    const int64_t b_room = g.k * g.b_row_stride;
    return {g.n <= 2 * kWidth<S> || a_room <= kMost,
            g.b_col_stride == 1 && (g.m <= 2 * kRows || b_room <= kMost)};
  } else {
    return {false, false};
  }
}

// A block of a factor as tiles read it: panels of lines, which are rows of a and columns of b.
// Panels are packed one after another, but for those that lie as a tile can read them.
template <class T, class S>
struct Block {
  const S* data;
  int64_t along, across;  // strides: along the depth and from line to line
  int64_t lines, depth;
  bool in_place;
  T* packed;

  bool is_packed(int64_t size, int64_t used) const { return !in_place || used < size; }
};

// Packs a panel of one of the sizes.
template <int64_t... kSizes, class T, class S>
HWY_INLINE HWY_ATTR void PackPanelOf(int64_t size, T* to, const S* from, int64_t along,
                                     int64_t across, int64_t depth, int64_t used) {
  ((size == kSizes && (PackPanel<kSizes>(to, from, along, across, depth, used), true)) || ...);
}

template <class T, class S>
HWY_ATTR void PackRows(const Block<T, S>& a) {
  T* to = a.packed;
  for (int64_t i = 0; i < a.lines;) {
    const int64_t size = tile_height<T>(a.lines - i), used = std::min(size, a.lines - i);
    if (a.is_packed(size, used)) {
      const S* const from = a.data + i * a.across;
      if constexpr (std::is_integral_v<T>)
        PackPanel<kRows>(to, from, a.along, a.across, a.depth, used);
      else
        PackPanelOf<kRowStep, 2 * kRowStep, kRows>(size, to, from, a.along, a.across, a.depth,
                                                   used);
      to += size * a.depth;
    }
    i += size;
  }
}
// Where rows of b are contiguous, a few of them at a time: their elements come in the order in
// which they lie in memory.
template <class T, class S>
HWY_ATTR void PackColumns(const Block<T, S>& b) {
  const int64_t step = b.across == 1 ? 16 : b.depth;
  for (int64_t p = 0; p < b.depth; p += step) {
    const int64_t depth = std::min(step, b.depth - p);
    T* to = b.packed;
    for (int64_t j = 0; j < b.lines;) {
      const int64_t size = tile_width<T>(b.lines - j), used = std::min(size, b.lines - j);
      if (b.is_packed(size, used)) {
        const S* const from = b.data + p * b.along + j * b.across;
        T* const part = to + p * size;
        if constexpr (std::is_integral_v<T>)
          PackPanel<kWidth<T>>(part, from, b.along, b.across, depth, used);
        else
          PackPanelOf<kHalfVector<T>, kWidth<T> / 2, kWidth<T>>(size, part, from, b.along, b.across,
                                                                depth, used);
        to += size * b.depth;
      }
      j += size;
    }
  }
}

template <class T, class S>
HWY_ATTR void MultiplyBlocks(const Block<T, S>& a, const Block<T, S>& b, TileResult<T> result) {
  T* const c = result.c;
  TileFactors<T> f;
  f.depth = a.depth;
  const T* b_panel = b.packed;
  for (int64_t j = 0; j < b.lines;) {
    const int64_t width = tile_width<T>(b.lines - j);
    result.columns = std::min(width, b.lines - j);
    if (b.is_packed(width, result.columns)) {
      f.b = b_panel;
      f.b_row_stride = width;
      b_panel += width * b.depth;
    } else if constexpr (std::is_same_v<S, T>) {
      f.b = b.data + j;
      f.b_row_stride = b.along;
    }
    const T* a_panel = a.packed;
    for (int64_t i = 0; i < a.lines;) {
      const int64_t height = tile_height<T>(a.lines - i);
      result.rows = std::min(height, a.lines - i);
      result.c = c + i * result.c_stride + j;
      if (a.is_packed(height, result.rows)) {
        f.a = a_panel;
        a_panel += height * a.depth;
        MultiplyTileOf<T, true>(height, width, f, result);
      } else if constexpr (std::is_same_v<S, T> && std::is_floating_point_v<T>) {
        f.a = a.data + i * a.across;
        f.a_row_stride = a.across;
        f.a_col_stride = a.along;
        MultiplyTileOf<T, false>(height, width, f, result);
      }
      i += height;
    }
    j += width;
  }
}

// How much is packed at a time of a product that is computed in rectangles. Of a factor that is
// read in place this is the last panel, if the lines do not fill it.
struct Room {
  InPlace in_place;
  int64_t depth, rows, columns;
};
template <class S>
Room room_of(const GemmArguments& g) {
  using T = typename GemmTypes<S>::T;
  const InPlace lies = in_place<S>(g);
  const int64_t last_rows = g.m % kRowStep == 0 ? 0 : kRows;
  const int64_t last_columns = g.n % kHalfVector<T> == 0 ? 0 : kWidth<T>;
  return {lies, std::min(g.k, kMaxDepth<T>),
          lies.a ? last_rows : std::min(ceil_to(g.m, kRows), kMaxRows),
          lies.b ? last_columns : ceil_to(std::min(g.n, kGemmColumns), kWidth<T>)};
}

// With c of the type in which is computed.
template <class S, class T>
HWY_ATTR void GemmInto(const GemmArguments& g, T* workspace, TileResult<T> result) {
  T* const c = result.c;
  const Room room = room_of<S>(g);
  Block<T, S> a{nullptr, g.a_col_stride, g.a_row_stride, 0, 0, room.in_place.a, nullptr};
  Block<T, S> b{nullptr, g.b_row_stride, g.b_col_stride, 0, 0, room.in_place.b, workspace};
  a.packed = workspace + room.columns * room.depth;
  b.lines = g.n;
  for (int64_t p = 0; p < std::max<int64_t>(g.k, 1); p += kMaxDepth<T>) {
    a.depth = b.depth = std::min(kMaxDepth<T>, g.k - p);
    b.data = static_cast<const S*>(g.b) + p * b.along;
    PackColumns(b);
    if (p > 0) result.beta = T(1);
    for (int64_t i = 0; i < g.m; i += kMaxRows) {
      a.lines = std::min(kMaxRows, g.m - i);
      a.data = static_cast<const S*>(g.a) + i * a.across + p * a.along;
      PackRows(a);
      result.c = c + i * result.c_stride;
      MultiplyBlocks(a, b, result);
    }
  }
}

template <class S>
int64_t Workspace(const GemmArguments& g) {
  using T = typename GemmTypes<S>::T;
  const Room room = room_of<S>(g);
  const int64_t sums =
      sizeof(S) == sizeof(T) ? 0 : std::min(g.m, kSumRows) * std::min(g.n, kGemmColumns);
  return (sums + (room.rows + room.columns) * room.depth) * sizeof(T);
}

template <class S>
void Gemm(const GemmArguments& g) {
  using T = typename GemmTypes<S>::T;
  const T alpha = factor<T>(g.alpha), beta = factor<T>(g.beta);
  T* const workspace = static_cast<T*>(g.workspace);
  if constexpr (sizeof(S) == sizeof(T)) {
    GemmInto<S>(g, workspace,
                TileResult<T>{static_cast<T*>(g.c), g.c_row_stride, 0, 0, alpha, beta});
  } else {  // sums over parts of k are not rounded to S in between
    const Room room = room_of<S>(g);
    T* const sums = workspace + (room.rows + room.columns) * room.depth;
    GemmArguments part = g;
    for (int64_t i = 0; i < g.m; i += kSumRows) {
      part.m = std::min(kSumRows, g.m - i);
      part.a = static_cast<const S*>(g.a) + i * g.a_row_stride;
      GemmInto<S>(part, workspace, TileResult<T>{sums, g.n, 0, 0, T(1), T(0)});
      StoreTile(sums, g.n, static_cast<S*>(g.c) + i * g.c_row_stride, g.c_row_stride, part.m, g.n,
                alpha, beta);
    }
  }
}

// Modulo a power of two, signed and unsigned integers multiply alike.
template <class... Types>
void AddKernels() {
  const auto add = [](DType dtype, GemmKernel kernel) {
    gemm_kernels[static_cast<int>(dtype)] = kernel;
  };
  (add(dtype_of<Types>,
       {Gemm<typename Unsigned<Types>::T>, Workspace<typename Unsigned<Types>::T>}),
   ...);
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
