// Matrix products against plain loops, over sizes, strides, batches and dtypes.
#include "cpu/matmul.h"

#include <cmath>

#include "array.h"
#include "core/scalar.h"
#include "cpu/threads.h"
#include "targets.h"

namespace libtensor::cpu {
namespace {

struct Product {
  int64_t batch, m, n, k;
  bool transpose_a = false, transpose_b = false;
  int64_t spread = 1;  // a's and b's elements lie this far apart
  double alpha = 1, beta = 0;
  int64_t gap = 0;  // so many elements more lie between a's and b's rows, or columns if transposed
};

class Matmul : public EachTarget {
 protected:
  struct Operands {
    Array a, b, c;
    MatmulCall call;
  };

  static Operands make(const Product& p, DType dtype) {
    const int64_t s = p.spread, m = p.m, n = p.n, k = p.k;
    const auto strides = [&](int64_t rows, int64_t columns, bool transpose) {
      const int64_t line = (transpose ? rows : columns) * s + p.gap;
      const int64_t matrix = (transpose ? columns : rows) * line;
      return transpose ? Dims{matrix, s, line} : Dims{matrix, line, s};
    };
    const Dims a_strides = strides(m, k, p.transpose_a), b_strides = strides(k, n, p.transpose_b);
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

  static uint64_t bits_of(Value integer) {
    return static_cast<uint64_t>(static_cast<int64_t>(integer));
  }
  static bool same_elements(const Array& a, const Array& b) {
    for (int64_t i = 0; i < a.numel(); ++i)
      if (a.get(i) != b.get(i)) return false;
    return true;
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

constexpr DType kComputed[] = {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16,
                               DType::kInt16,   DType::kInt32,   DType::kInt64};

// Around the sizes of every instruction set's tiles.
TEST_P(Matmul, EdgesOfTiles) {
  for (int64_t m : {2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 25}) {
    for (int64_t n : {2, 4, 5, 7, 8, 9, 12, 13, 16, 17, 24, 25, 31, 32, 33, 41}) {
      for (DType dtype : kComputed) {
        const int layout = static_cast<int>(m + n) % 4;
        check({1, m, n, 19, layout % 2 == 1, layout / 2 == 1}, dtype);
      }
    }
  }
}

// The same where neither factor is read in place: there are many tiles, and rows are far apart.
TEST_P(Matmul, EdgesOfPackedPanels) {
  for (int64_t m : {25, 28, 31, 32, 35, 36}) {
    for (int64_t n : {65, 68, 72, 73, 80, 81, 96}) {
      for (int64_t k : {15, 37}) {
        for (DType dtype : {DType::kFloat32, DType::kFloat64}) {
          const int layout = static_cast<int>(m + n) % 4;
          Product p{1, m, n, k, layout % 2 == 1, layout / 2 == 1};
          p.gap = (1 << 20) / 15;
          check(p, dtype);
        }
      }
    }
  }
}

TEST_P(Matmul, EdgesOfBlocks) {
  for (DType dtype : kComputed) {
    for (int layout = 0; layout < 4; ++layout) {
      const bool a = layout % 2 == 1, b = layout / 2 == 1;
      for (int64_t m : {71, 72, 73, 119, 120, 121, 289, 481}) check({1, m, 7, 9, a, b}, dtype);
      for (int64_t n : {255, 256, 257, 1023, 1024, 1025, 2049}) check({1, 7, n, 9, a, b}, dtype);
      for (int64_t k : {255, 256, 257, 511, 512, 513, 1023, 1024, 1025})
        check({1, 7, 9, k, a, b, 1, 1.0, 1.0}, dtype);
    }
  }
}

TEST_P(Matmul, FactorsAndWhatWasThere) {
  for (DType dtype : kComputed) {
    for (double alpha : {0.0, 1.0, -2.0}) {
      for (double beta : {0.0, 1.0, -3.0}) {
        check({1, 14, 50, 30, false, false, 1, alpha, beta}, dtype);
        check({1, 14, 50, 600, true, true, 1, alpha, beta}, dtype);
      }
    }
  }
}

TEST_P(Matmul, Large) {
  for (int layout = 0; layout < 4; ++layout) {
    const bool a = layout % 2 == 1, b = layout / 2 == 1;
    check({1, 300, 280, 260, a, b, 1, 2.0, 1.0}, DType::kFloat32);
    check({1, 300, 280, 260, a, b, 2}, DType::kFloat32);
    check({1, 300, 280, 1100, a, b}, DType::kFloat64);
    check({1, 530, 280, 700, a, b}, DType::kFloat32);
    check({1, 530, 70, 520, a, b}, DType::kBFloat16);
  }
}

// Rows, columns or whole matrices that are repeated.
TEST_P(Matmul, StridesOfZero) {
  for (DType dtype : kComputed) {
    for (int which = 0; which < 6; ++which) {
      Operands o = make({2, 40, 70, 33}, dtype), plain = make({2, 40, 70, 33}, dtype);
      int64_t* const strides[] = {&o.call.a_batch_stride, &o.call.a_row_stride,
                                  &o.call.a_col_stride,   &o.call.b_batch_stride,
                                  &o.call.b_row_stride,   &o.call.b_col_stride};
      *strides[which] = 0;
      Array& repeated = which < 3 ? plain.a : plain.b;
      const Dims all = repeated.strides();
      Dims zero = all;
      zero[which % 3] = 0;
      const Array source = repeated;
      for (int64_t i = 0; i < repeated.numel(); ++i) {
        int64_t from = 0, rest = source.offset(i);  // its index among contiguous elements
        for (int d = 0; d < 3; rest %= all[d++]) from += rest / all[d] * zero[d];
        repeated.set(i, source.get(from));
      }
      run(o);
      run(plain);
      ASSERT_TRUE(same_elements(o.c, plain.c)) << name_of(dtype) << " " << which;
    }
  }
}

TEST_P(Matmul, IntegersWrapAround) {
  for (DType dtype : {DType::kUInt8, DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64}) {
    Operands o = make({1, 13, 35, 50}, dtype);
    o.a.fill_extreme(1);
    o.b.fill_extreme(2);
    run(o);
    for (int64_t i = 0; i < o.c.numel(); ++i) {
      uint64_t sum = 0;
      for (int64_t q = 0; q < 50; ++q)
        sum += bits_of(o.a.get(i / 35 * 50 + q)) * bits_of(o.b.get(q * 35 + i % 35));
      const int unused = 64 - 8 * static_cast<int>(size_of(dtype));
      ASSERT_EQ(bits_of(o.c.get(i)) << unused, sum << unused) << name_of(dtype) << " at " << i;
    }
  }
}

TEST_P(Matmul, ThreadsChangeNoBits) {
  const int before = num_threads();
  for (const Product& p :
       {Product{1, 700, 200, 600}, Product{1, 130, 1100, 300}, Product{40, 50, 60, 70},
        Product{1, 64, 128, 64}, Product{3, 150, 140, 130}, Product{1, 2000, 3, 40},
        Product{1, 3, 2000, 400}, Product{1, 1, 3000, 300}, Product{1, 3000, 1, 300}}) {
    for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16}) {
      Operands one = make(p, dtype);
      std::mt19937 random(4);
      for (int64_t i = 0; i < one.a.numel(); ++i) one.a.set(i, random() / 0x1p32L);
      for (int64_t i = 0; i < one.b.numel(); ++i) one.b.set(i, random() / 0x1p32L);
      Operands two = one;
      set_num_threads(1);
      run(one);
      for (int threads : {2, 3, 7}) {
        set_num_threads(threads);
        run(two);
        EXPECT_TRUE(one.c == two.c)
            << name_of(dtype) << " " << p.m << "x" << p.n << "x" << p.k << ", " << threads;
      }
    }
  }
  set_num_threads(before);
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
