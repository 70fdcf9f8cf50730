// Matrix products, by oneDNN where it is faster and by kernels of our own elsewhere. The work is
// cut into pieces that depend on the shape only, each computed by one thread, so the number of
// threads changes no bits.
#include "cpu/matmul.h"

#include <omp.h>

#include <algorithm>

#include "cpu/cpu_kernel.h"
#include "cpu/kernel_tables.h"
#include "cpu/onednn.h"
#include "cpu/scratch.h"
#include "cpu/strided_copy.h"
#include "cpu/threads.h"

namespace libtensor::cpu {
namespace {

constexpr int64_t kOneDnnWork =
    int64_t{128} * 128 * 128;  // multiplications below which our kernel is as fast
constexpr int64_t kThreadWork = int64_t{128} * 128 * 128;  // multiplications worth a thread

// The rectangles into which c is cut: so many that threads find work, so large that packing a and b
// anew for each costs little.
struct Pieces {
  int64_t rows, columns, down, across;

  explicit Pieces(const MatmulCall& call)
      : rows(std::min(call.m, std::clamp<int64_t>(ceil_div(call.m, 4), 128, 512))),
        columns(std::min(call.n, std::clamp<int64_t>(ceil_div(call.n, 2), 512, 1024))),
        down(ceil_div(call.m, rows)),
        across(ceil_div(call.n, columns)) {}
  int64_t count() const { return down * across; }
};

// oneDNN asks OpenMP how many threads to use. The setting belongs to the calling thread, so it is
// put back.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
  }
  ~OneThread() {
    if (before_ != 1) omp_set_num_threads(before_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

// A matrix as BLAS wants it: one of the strides is 1.
struct BlasMatrix {
  const float* data;
  char transpose;
  int64_t stride;
};

bool fits_blas(int64_t rows, int64_t columns, int64_t row_stride, int64_t col_stride) {
  return (col_stride == 1 && (row_stride >= columns || rows == 1)) ||
         (row_stride == 1 && (col_stride >= rows || columns == 1));
}

BlasMatrix as_blas(const float* data, int64_t rows, int64_t columns, int64_t row_stride,
                   int64_t col_stride) {
  if (col_stride == 1 && (row_stride >= columns || rows == 1)) {
    return {data, 'N', std::max(row_stride, columns)};
  }
  return {data, 'T', std::max(col_stride, rows)};
}

bool prefers_onednn(const MatmulCall& call) {
  return call.dtype == DType::kFloat32 && call.m * call.n * call.k >= kOneDnnWork &&
         fits_blas(call.m, call.k, call.a_row_stride, call.a_col_stride) &&
         fits_blas(call.k, call.n, call.b_row_stride, call.b_col_stride) &&
         onednn_sgemm() != nullptr;
}

void run_onednn(const GemmArguments& g) {
  const BlasMatrix a =
      as_blas(static_cast<const float*>(g.a), g.m, g.k, g.a_row_stride, g.a_col_stride);
  const BlasMatrix b =
      as_blas(static_cast<const float*>(g.b), g.k, g.n, g.b_row_stride, g.b_col_stride);
  const OneThread one;
  const int status = onednn_sgemm()(
      a.transpose, b.transpose, g.m, g.n, g.k, static_cast<float>(g.alpha), a.data, a.stride,
      b.data, b.stride, static_cast<float>(g.beta), static_cast<float*>(g.c), g.c_row_stride);
  check_as(Status::kInternal, status == 0, "oneDNN's sgemm failed with status ", status);
}

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
  const int64_t x_batch = call.n == 1 ? call.b_batch_stride : call.a_batch_stride;
  const int64_t pieces = ceil_div(whole.rows, kRows);
  const int64_t work = std::min(whole.rows, kRows) * whole.depth;
  parallel_for(call.batch * pieces, std::max<int64_t>(1, kThreadWork / work),
               [&](int64_t begin, int64_t end) {
                 const Scratch scratch(gemv.x_stride == 1 ? 0 : whole.depth * size);
                 int64_t copied = -1;  // the batch whose x is in the scratch memory
                 for (int64_t i = begin; i < end; ++i) {
                   const int64_t batch = i / pieces, row = i % pieces * kRows, one = 1;
                   GemvArguments g = whole;
                   g.rows = std::min(kRows, whole.rows - row);
                   g.matrix = shifted(whole.matrix, batch * matrix_batch + row * whole.row_stride,
                                      call.dtype);
                   g.x = shifted(whole.x, batch * x_batch, call.dtype);
                   g.out = shifted(whole.out, batch * call.c_batch_stride + row, call.dtype);
                   if (gemv.x_stride != 1) {
                     if (copied != batch) {
                       strided_copy(static_cast<int>(size), 1, &whole.depth, scratch.data(), &one,
                                    g.x, &gemv.x_stride);
                     }
                     copied = batch;
                     g.x = scratch.data();
                   }
                   gemv_kernels[static_cast<int>(call.dtype)](g);
                 }
               });
}

}  // namespace

void matmul(const MatmulCall& call) {
  if (call.batch == 0 || call.m == 0 || call.n == 0) return;
  const GemmKernel own = gemm_kernels[static_cast<int>(call.dtype)];
  check_as(Status::kNotImplemented, own != nullptr, "matmul is not implemented for ",
           scalar_name_of(call.dtype));
  if (Gemv gemv; as_gemv(call, &gemv)) return run_gemv(call, gemv);
  const bool by_onednn = prefers_onednn(call);
  const GemmKernel kernel = by_onednn ? run_onednn : own;
  const Pieces pieces(call);
  const int64_t work = pieces.rows * pieces.columns * std::max<int64_t>(call.k, 1);
  parallel_for(
      call.batch * pieces.count(), std::max<int64_t>(1, kThreadWork / work),
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t batch = i / pieces.count();
          const int64_t row = i % pieces.down * pieces.rows;
          const int64_t column = i / pieces.down % pieces.across * pieces.columns;
          GemmArguments g;
          g.m = std::min(pieces.rows, call.m - row);
          g.n = std::min(pieces.columns, call.n - column);
          g.k = call.k;
          g.a = shifted(call.a, batch * call.a_batch_stride + row * call.a_row_stride, call.dtype);
          g.b =
              shifted(call.b, batch * call.b_batch_stride + column * call.b_col_stride, call.dtype);
          g.c = shifted(call.c, batch * call.c_batch_stride + row * call.n + column, call.dtype);
          g.a_row_stride = call.a_row_stride;
          g.a_col_stride = call.a_col_stride;
          g.b_row_stride = call.b_row_stride;
          g.b_col_stride = call.b_col_stride;
          g.c_row_stride = call.n;
          g.alpha = call.alpha;
          g.beta = call.beta;
          kernel(g);
        }
      });
}

namespace {
const CpuKernel<matmul> add_matmul;
}  // namespace

}  // namespace libtensor::cpu
