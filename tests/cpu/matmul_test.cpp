// Matrix products against plain loops, over sizes, strides, batches, dtypes, and both
// implementations.
#include "cpu/matmul.h"

#include <omp.h>

#include <cmath>

#include "array.h"
#include "core/scalar.h"
#include "cpu/onednn.h"
#include "cpu/threads.h"
#include "targets.h"

namespace libtensor::cpu {
namespace {

struct Product {
  int64_t batch, m, n, k;
  bool transpose_a = false, transpose_b = false;
  int64_t spread = 1;  // a's and b's elements lie this far apart
  double alpha = 1, beta = 0;
};

class Matmul : public EachTarget {
 protected:
  struct Operands {
    Array a, b, c;
    MatmulCall call;
  };

  static Operands make(const Product& p, DType dtype) {
    const int64_t s = p.spread, m = p.m, n = p.n, k = p.k;
    const Dims a_strides = p.transpose_a ? Dims{m * k * s, s, m * s} : Dims{m * k * s, k * s, s};
    const Dims b_strides = p.transpose_b ? Dims{n * k * s, s, k * s} : Dims{n * k * s, n * s, s};
    Operands o{Array(dtype, {p.batch, m, k}, a_strides),
               Array(dtype, {p.batch, k, n}, b_strides),
               Array(dtype, {p.batch, m, n}),
               {}};
    o.a.fill_small(1);
    o.b.fill_small(2);
    o.c.fill_small(3);
    if (p.beta == 0 && is_floating(dtype)) {
      for (int64_t i = 0; i < o.c.numel(); ++i) o.c.set(i, std::numeric_limits<Value>::quiet_NaN());
    }
    o.call.dtype = dtype;
    o.call.batch = p.batch;
    o.call.m = m, o.call.n = n, o.call.k = k;
    o.call.a_batch_stride = a_strides[0], o.call.a_row_stride = a_strides[1],
    o.call.a_col_stride = a_strides[2];
    o.call.b_batch_stride = b_strides[0], o.call.b_row_stride = b_strides[1],
    o.call.b_col_stride = b_strides[2];
    o.call.c_batch_stride = m * n;
    o.call.alpha = p.alpha;
    o.call.beta = p.beta;
    return o;
  }
  static void run(Operands& o) {
    o.call.a = o.a.data();
    o.call.b = o.b.data();
    o.call.c = o.c.data();
    matmul(o.call);
  }

  static void check(const Product& p, DType dtype) {
    Operands o = make(p, dtype);
    const Array before = o.c;
    run(o);
    o.c.check_guards();
    const Value precision = dtype == DType::kFloat16    ? 0x1p-11L
                            : dtype == DType::kBFloat16 ? 0x1p-8L
                                                        : 0;
    std::vector<double> left, right;  // hold every element exactly
    for (int64_t i = 0; i < o.a.numel(); ++i) left.push_back(static_cast<double>(o.a.get(i)));
    for (int64_t i = 0; i < o.b.numel(); ++i) right.push_back(static_cast<double>(o.b.get(i)));
    for (int64_t b = 0, at = 0; b < p.batch; ++b) {
      for (int64_t i = 0; i < p.m; ++i) {
        for (int64_t j = 0; j < p.n; ++j, ++at) {
          double sum = 0;  // exact too
          for (int64_t q = 0; q < p.k; ++q)
            sum += left[(b * p.m + i) * p.k + q] * right[(b * p.k + q) * p.n + j];
          Value expected = p.alpha * sum + (p.beta == 0 ? 0 : p.beta * before.get(at));
          if (!is_floating(dtype)) {
            unsigned char wrapped[8];
            Scalar(static_cast<int64_t>(expected)).store(dtype, wrapped);
            expected = load_value(dtype, wrapped);
          }
          // Small numbers, exact in float and double for the k that are used.
          ASSERT_NEAR(o.c.get(at), expected, precision * std::fabs(expected))
              << name_of(dtype) << " " << p.m << "x" << p.n << "x" << p.k << " at " << i << ", "
              << j;
        }
      }
    }
  }
};

TEST_P(Matmul, SizesAndStrides) {
  for (int64_t m : {1, 3, 12, 13, 64}) {
    for (int64_t n : {1, 7, 16, 65}) {
      for (int64_t k : {0, 1, 17, 400}) {
        for (int layout = 0; layout < 4; ++layout) {
          for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kInt32}) {
            check({1, m, n, k, layout % 2 == 1, layout / 2 == 1}, dtype);
          }
        }
      }
    }
  }
}

TEST_P(Matmul, EveryDTypeBatchScaleAndSpread) {
  for (DType dtype : {DType::kUInt8, DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64,
                      DType::kFloat16, DType::kBFloat16, DType::kFloat32, DType::kFloat64}) {
    check({3, 20, 30, 40}, dtype);
    check({2, 20, 30, 40, true, true, 2}, dtype);
    check({2, 9, 8, 5, false, true, 3}, dtype);
    check({2, 9, 8, 0}, dtype);
    check({0, 9, 8, 5}, dtype);
    check({2, 0, 8, 5}, dtype);
    check({1, 1, 1, 900}, dtype);
    check({2, 1, 300, 70}, dtype);
    check({2, 300, 1, 70, true}, dtype);
    if (dtype != DType::kUInt8) check({2, 20, 30, 10, false, false, 1, 2.0, -1.0}, dtype);
    check({1, 20, 30, 0, false, false, 1, 2.0, 3.0}, dtype);
  }
  check({2, 130, 140, 150, false, true, 1, 0.5, 0.25}, DType::kFloat32);
}

TEST_P(Matmul, LargeThroughOneDnn) {
  for (int layout = 0; layout < 4; ++layout) {
    check({1, 300, 280, 260, layout % 2 == 1, layout / 2 == 1, 1, 2.0, 1.0}, DType::kFloat32);
    check({1, 300, 280, 260, layout % 2 == 1, layout / 2 == 1, 2}, DType::kFloat32);
    check({1, 300, 280, 1100, layout % 2 == 1, layout / 2 == 1}, DType::kFloat64);
  }
}

TEST_P(Matmul, ThreadsChangeNoBitsAndNoSettings) {
  const int before = num_threads();
  omp_set_num_threads(3);
  for (const Product& p :
       {Product{1, 700, 200, 300}, Product{40, 50, 60, 70}, Product{1, 64, 128, 64},
        Product{1, 2000, 3, 40}, Product{1, 3, 2000, 400}, Product{1, 1, 3000, 300},
        Product{1, 3000, 1, 300}}) {
    for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16}) {
      Operands one = make(p, dtype);
      std::mt19937 random(4);
      for (int64_t i = 0; i < one.a.numel(); ++i) one.a.set(i, random() / 0x1p32L);
      for (int64_t i = 0; i < one.b.numel(); ++i) one.b.set(i, random() / 0x1p32L);
      Operands two = one;
      set_num_threads(1);
      run(one);
      for (int threads : {2, 5}) {
        set_num_threads(threads);
        run(two);
        EXPECT_TRUE(one.c == two.c)
            << name_of(dtype) << " " << p.m << "x" << p.n << "x" << p.k << ", " << threads;
      }
    }
  }
  EXPECT_EQ(omp_get_max_threads(), 3);
  set_num_threads(before);
}

TEST(OneDnn, IsFoundWhereItIsInstalled) {
  if (!onednn_sgemm()) GTEST_SKIP() << "libdnnl.so.2 is not installed";
}

TEST(MatmulErrors, BoolIsRefused) {
  MatmulCall call;
  call.dtype = DType::kBool;
  call.m = call.n = call.k = 1;
  EXPECT_THROW(matmul(call), Error);
}

LIBTENSOR_EACH_TARGET(Matmul);

}  // namespace
}  // namespace libtensor::cpu
