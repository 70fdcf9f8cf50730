// Matrix products: cut into pieces that threads share. Every element is summed in the same order
// whichever thread computes it, so the number of threads changes no bits.
#include "cpu/matmul.h"

#include <algorithm>

#include "cpu/cpu_kernel.h"
#include "cpu/kernel_tables.h"
#include "cpu/scratch.h"
#include "cpu/strided_copy.h"
#include "cpu/threads.h"

namespace libtensor::cpu {
namespace {

constexpr int64_t kThreadWork = int64_t{128} * 128 * 128;  // multiplications worth a thread

void* shifted(const void* data, int64_t elements, DType dtype) {
  return const_cast<char*>(static_cast<const char*>(data) +
                           elements * static_cast<int64_t>(size_of(dtype)));
}

// A matrix times a vector: `x` has `depth` elements `x_stride` apart.
struct Gemv {
  GemvArguments arguments;
  int64_t x_stride;
};

// The product as a matrix times a vector, if it is one and the kernel can take it.
bool as_gemv(const MatmulCall& call, Gemv* gemv) {
  if ((call.m != 1 && call.n != 1) || call.k == 0 || !gemv_kernels[static_cast<int>(call.dtype)])
    return false;
  GemvArguments& g = gemv->arguments;
  const bool by_rows = call.n == 1;  // else b's columns are the rows
  g.rows = by_rows ? call.m : call.n;
  g.depth = call.k;
  g.matrix = by_rows ? call.a : call.b;
  g.x = by_rows ? call.b : call.a;
  g.out = call.c;
  g.row_stride = by_rows ? call.a_row_stride : call.b_col_stride;
  g.depth_stride = by_rows ? call.a_col_stride : call.b_row_stride;
  gemv->x_stride = by_rows ? call.b_row_stride : call.a_col_stride;
  g.alpha = call.alpha;
  g.beta = call.beta;
  if (g.rows == 1) g.row_stride = g.depth_stride == 1 ? g.depth : 1;
  return g.row_stride == 1 || g.depth_stride == 1;
}

void run_gemv(const MatmulCall& call, const Gemv& gemv) {
  constexpr int64_t kRows = 256;
  const GemvArguments& whole = gemv.arguments;
  const int64_t size = static_cast<int64_t>(size_of(call.dtype));
  const int64_t matrix_batch = call.n == 1 ? call.a_batch_stride : call.b_batch_stride;
  int64_t x_batch = call.n == 1 ? call.b_batch_stride : call.a_batch_stride;
  const void* x = whole.x;
  const bool copies = gemv.x_stride != 1;
  const int64_t extents[] = {whole.depth, x_batch == 0 ? 1 : call.batch};
  const Scratch scratch(copies ? extents[0] * extents[1] * size : 0);
  if (copies) {
    const int64_t from[] = {gemv.x_stride, x_batch}, to[] = {1, whole.depth};
    strided_copy(static_cast<int>(size), 2, extents, scratch.data(), to, x, from);
    x = scratch.data();
    if (x_batch != 0) x_batch = whole.depth;
  }
  const int64_t pieces = ceil_div(whole.rows, kRows);
  const int64_t work = std::min(whole.rows, kRows) * whole.depth;
  parallel_for(call.batch * pieces, std::max<int64_t>(1, kThreadWork / work),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   const int64_t batch = i / pieces, row = i % pieces * kRows;
                   GemvArguments g = whole;
                   g.rows = std::min(kRows, whole.rows - row);
                   g.matrix = shifted(whole.matrix, batch * matrix_batch + row * whole.row_stride,
                                      call.dtype);
                   g.x = shifted(x, batch * x_batch, call.dtype);
                   g.out = shifted(whole.out, batch * call.c_batch_stride + row, call.dtype);
                   gemv_kernels[static_cast<int>(call.dtype)](g);
                 }
               });
}

// The rectangles into which c is cut, those of a strip of columns one below the other: a thread
// computes neighbouring ones together, and packs b once for them.
struct Pieces {
  int64_t rows, columns, down, across;

  explicit Pieces(const MatmulCall& call)
      : rows(std::min(call.m, kGemmRows)),
        columns(std::min(call.n, call.m < 256 ? kGemmColumns / 4 : kGemmColumns)),
        down(ceil_div(call.m, rows)),
        across(ceil_div(call.n, columns)) {}
  int64_t of_batch() const { return down * across; }
};

GemmArguments arguments_of(const MatmulCall& call) {
  return {call.m,
          call.n,
          call.k,
          call.a,
          call.b,
          call.c,
          call.a_row_stride,
          call.a_col_stride,
          call.b_row_stride,
          call.b_col_stride,
          call.n,
          call.alpha,
          call.beta,
          nullptr};
}

// The pieces from `begin` to `end`.
void multiply(const MatmulCall& call, const Pieces& pieces, int64_t begin, int64_t end,
              void* workspace) {
  const GemmKernel& kernel = gemm_kernels[static_cast<int>(call.dtype)];
  GemmArguments g = arguments_of(call);
  g.workspace = workspace;
  while (begin < end) {
    const int64_t batch = begin / pieces.of_batch(), strip = begin / pieces.down % pieces.across;
    const int64_t first = begin % pieces.down, count = std::min(pieces.down - first, end - begin);
    const int64_t row = first * pieces.rows, column = strip * pieces.columns;
    g.m = std::min(count * pieces.rows, call.m - row);
    g.n = std::min(pieces.columns, call.n - column);
    g.a = shifted(call.a, batch * call.a_batch_stride + row * call.a_row_stride, call.dtype);
    g.b = shifted(call.b, batch * call.b_batch_stride + column * call.b_col_stride, call.dtype);
    g.c = shifted(call.c, batch * call.c_batch_stride + row * call.n + column, call.dtype);
    kernel.multiply(g);
    begin += count;
  }
}

}  // namespace

void matmul(const MatmulCall& call) {
  if (call.batch == 0 || call.m == 0 || call.n == 0) return;
  const GemmKernel& kernel = gemm_kernels[static_cast<int>(call.dtype)];
  check_as(Status::kNotImplemented, kernel.multiply != nullptr, "matmul is not implemented for ",
           scalar_name_of(call.dtype));
  if (Gemv gemv; as_gemv(call, &gemv)) return run_gemv(call, gemv);
  const Pieces pieces(call);
  const int64_t count = call.batch * pieces.of_batch();
  const int64_t work = pieces.rows * pieces.columns * std::max<int64_t>(call.k, 1);
  // Every thread's memory is there before anything is written: it may run out.
  const int64_t ranges =
      count == 1 ? 1
                 : std::min<int64_t>(num_threads(),
                                     ceil_div(count, std::max<int64_t>(1, kThreadWork / work)));
  const int64_t room = ceil_to(kernel.workspace(arguments_of(call)), 64);
  const Scratch scratch(ranges * room);
  parallel_for(ranges, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      multiply(call, pieces, i * count / ranges, (i + 1) * count / ranges,
               static_cast<char*>(scratch.data()) + i * room);
    }
  });
}

namespace {
const CpuKernel<matmul> add_matmul;
}  // namespace

}  // namespace libtensor::cpu
