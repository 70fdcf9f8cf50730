// Kernels raise the floating-point exceptions of the elements they are given, and no others: a host
// may trap them. Vectors that are not full hold something in their other lanes as well.
#include <cfenv>

#include "core/generated/functors/arithmetic.h"
#include "cpu/matmul.h"
#include "cpu/pointwise.h"
#include "targets.h"

namespace libtensor::cpu {
namespace {

constexpr int kExceptions = FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW;
constexpr int kMost = 67;  // more than two vectors of any machine, and a rest

class FloatExceptions : public EachTarget {};
LIBTENSOR_EACH_TARGET(FloatExceptions);

template <class T>
int raised_by(PointwiseKernel kernel, int64_t n) {
  const std::vector<T> in(kMost, T(0.5));
  std::vector<T> out(kMost);
  const void* inputs[] = {in.data(), in.data(), in.data()};
  const Scalar parameters[PointwiseCall::kMaxParameters] = {0.5, 0.5, 0.5, 0.5};
  std::feclearexcept(FE_ALL_EXCEPT);
  kernel(out.data(), inputs, n, parameters);
  return std::fetestexcept(kExceptions);
}

TEST_P(FloatExceptions, AreThoseOfTheElements) {
  kernels.pointwise.for_each([](PointwiseOp, const PointwiseEntry& entry) {
    for (int64_t n = 1; n <= kMost; ++n) {
      SCOPED_TRACE(testing::Message() << entry.name << " of " << n << " elements");
      if (const auto kernel = entry.kernels[static_cast<int>(DType::kFloat32)]) {
        EXPECT_EQ(raised_by<float>(kernel, n), 0);
      }
      if (const auto kernel = entry.kernels[static_cast<int>(DType::kFloat64)]) {
        EXPECT_EQ(raised_by<double>(kernel, n), 0);
      }
    }
  });
}

TEST_P(FloatExceptions, AreRaisedWhereAnElementDoes) {
  const auto kernel = kernels.pointwise[functor::kDiv].kernels[static_cast<int>(DType::kFloat32)];
  for (int at = 0; at < kMost; ++at) {
    const std::vector<float> zeros(kMost, 0.0f);
    std::vector<float> divisors(kMost, 1.0f), out(kMost);
    divisors[at] = 0;
    const void* inputs[] = {zeros.data(), divisors.data()};
    std::feclearexcept(FE_ALL_EXCEPT);
    kernel(out.data(), inputs, kMost, nullptr);
    EXPECT_EQ(std::fetestexcept(kExceptions), FE_INVALID) << at;
  }
}

// A product with an infinite element in the last row or column, as an edge of a panel has it.
template <class T>
int raised_by_product(int64_t m, int64_t n, int64_t k, bool infinite_b) {
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  std::vector<T> a(m * k, T(1)), b(k * n, T(1)), c(m * n, kInfinity);
  (infinite_b ? b : a).back() = kInfinity;
  MatmulCall call;
  call.dtype = dtype_of<T>;
  call.m = m, call.n = n, call.k = k;
  call.a = a.data(), call.b = b.data(), call.c = c.data();
  call.a_row_stride = k, call.b_row_stride = n;
  call.a_col_stride = call.b_col_stride = 1;
  call.beta = infinite_b ? 0.5 : 0;
  std::feclearexcept(FE_ALL_EXCEPT);
  matmul(call);
  return std::fetestexcept(kExceptions);
}

TEST_P(FloatExceptions, OfProductsAreThoseOfTheElements) {
  for (int64_t m = 1; m <= 13; ++m) {
    for (int64_t n = 1; n <= 41; ++n) {
      for (bool infinite_b : {false, true}) {
        ASSERT_EQ(raised_by_product<float>(m, n, 5, infinite_b), 0) << m << " x " << n;
        ASSERT_EQ(raised_by_product<double>(m, n, 5, infinite_b), 0) << m << " x " << n;
      }
    }
  }
}

}  // namespace
}  // namespace libtensor::cpu
