// Matrix products of any dtype and layout, tile by tile through shared memory: for integers, odd
// strides, and where cuBLAS is missing.
#include "core/scalar_math.h"
#include "cuda/elements.h"
#include "cuda/launch.h"
#include "cuda/matmul.h"

namespace libtensor::cuda {
namespace {

constexpr int kTile = 16;

// Integers compute alpha and beta exactly: both are whole numbers then.
template <class C>
struct Scales {
  C alpha, beta;
};

template <class S>
__global__ void __launch_bounds__(kTile* kTile)
    tiles_kernel(MatmulCall call, Scales<ComputeOf<S>> scales) {
  using C = ComputeOf<S>;
  C(*const a_tile)[kTile + 1] = shared_memory<C[kTile + 1]>();  // no two rows in one bank
  C(*const b_tile)[kTile + 1] = a_tile + kTile;
  const int x = threadIdx.x % kTile, y = threadIdx.x / kTile;
  const int64_t row = static_cast<int64_t>(blockIdx.y) * kTile + y;
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kTile + x;
  for (int64_t batch = blockIdx.z; batch < call.batch; batch += gridDim.z) {
    const S* const a = static_cast<const S*>(call.a) + batch * call.a_batch_stride;
    const S* const b = static_cast<const S*>(call.b) + batch * call.b_batch_stride;
    C total = C(0);
    for (int64_t k = 0; k < call.k; k += kTile) {
      a_tile[y][x] = row < call.m && k + x < call.k
                         ? convert<C>(a[row * call.a_row_stride + (k + x) * call.a_col_stride])
                         : C(0);
      b_tile[y][x] = k + y < call.k && column < call.n
                         ? convert<C>(b[(k + y) * call.b_row_stride + column * call.b_col_stride])
                         : C(0);
      __syncthreads();
      for (int i = 0; i < kTile; ++i) total = MulAdd(a_tile[y][i], b_tile[i][x], total);
      __syncthreads();
    }
    if (row >= call.m || column >= call.n) continue;
    S& out = static_cast<S*>(call.c)[batch * call.c_batch_stride + row * call.n + column];
    total = Mul(total, scales.alpha);
    if (scales.beta != C(0)) total = MulAdd(scales.beta, convert<C>(out), total);
    out = convert<S>(total);
  }
}

template <class S>
void launch_tiles(const Context& context, const MatmulCall& call) {
  using C = ComputeOf<S>;
  const auto across = static_cast<uint32_t>(ceil_div<int64_t>(call.n, kTile));
  const int64_t down = ceil_div<int64_t>(call.m, kTile);
  constexpr int64_t kMaxGrid = 65535;
  const Scales<C> scales{convert<C>(call.alpha), convert<C>(call.beta)};
  // The grid's height is limited: tall products are computed piece by piece.
  for (int64_t first = 0; first < down; first += kMaxGrid) {
    MatmulCall piece = call;
    const int64_t row = first * kTile;
    piece.a = static_cast<const S*>(call.a) + row * call.a_row_stride;
    piece.c = static_cast<S*>(call.c) + row * call.n;
    piece.m = std::min(call.m - row, kMaxGrid * kTile);
    const dim3 grid(across, static_cast<uint32_t>(ceil_div<int64_t>(piece.m, kTile)),
                    static_cast<uint32_t>(std::min(call.batch, kMaxGrid)));
    launch(tiles_kernel<S>,
           {"matmul", context.stream, grid, kTile * kTile, 2 * kTile * (kTile + 1) * sizeof(C)},
           piece, scales);
  }
}

}  // namespace

void matmul_by_tiles(const Context& context, const MatmulCall& call) {
  dispatch(call.dtype, [&](auto tag) {
    using S = typename decltype(tag)::type;
    if constexpr (std::is_same_v<S, bool>) {
      fail(Status::kNotImplemented, "matmul is not implemented for Bool");
    } else {
      launch_tiles<S>(context, call);
    }
  });
}

}  // namespace libtensor::cuda
