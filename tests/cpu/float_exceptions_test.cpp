// Kernels raise the floating-point exceptions of the elements they are given, and no others: a host
// may trap them. Vectors that are not full hold something in their other lanes as well.
#include <cfenv>

#include "core/generated/functors/arithmetic.h"
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

}  // namespace
}  // namespace libtensor::cpu
