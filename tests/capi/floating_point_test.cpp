// How the host's thread rounds, and whether it flushes subnormal numbers to zero, holds for all
// threads that work for it, and stays as it is.
#include <cfenv>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include "support/refusal.h"

namespace test {
namespace {

class FloatingPoint : public TensorTest {
 protected:
  void SetUp() override {
    TensorTest::SetUp();
    std::fegetenv(&before_);
    threads_ = tensor_get_num_threads();
  }
  void TearDown() override {
    std::fesetenv(&before_);
    OK(tensor_set_num_threads(threads_));
    TensorTest::TearDown();
  }

  // The bits of a long computation on so many threads.
  static std::vector<uint32_t> computed(int32_t threads, float start) {
    EXPECT_EQ(tensor_set_num_threads(threads), TENSOR_OK);
    const Owned x = filled({300000}, start), y = call(tensor_mul_scalar, x, number(0.3));
    const Owned z = call(tensor_div_scalar, y, number(7));
    std::vector<uint32_t> bits(300000);
    EXPECT_EQ(tensor_copy_to(z, bits.data(), bits.size() * sizeof(uint32_t)), TENSOR_OK);
    return bits;
  }

 private:
  std::fenv_t before_;
  int32_t threads_ = 0;
};

TEST_F(FloatingPoint, RoundingIsTheCallersOnAllThreads) {
  if (!on_cpu()) GTEST_SKIP() << "the CPU's";
  const std::vector<uint32_t> nearest = computed(4, 1.1f);
  for (int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    const std::vector<uint32_t> alone = computed(1, 1.1f), together = computed(4, 1.1f);
    EXPECT_EQ(std::fegetround(), mode);
    EXPECT_EQ(alone, together);
    EXPECT_EQ(alone.front() != nearest.front(), alone.back() != nearest.back());
  }
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(computed(4, 1.1f), nearest) << "the threads round as before";
}

#ifdef __SSE2__
TEST_F(FloatingPoint, FlushingToZeroIsTheCallersOnAllThreads) {
  if (!on_cpu()) GTEST_SKIP() << "the CPU's";
  constexpr float kSmall = 1.5e-38f;
  const std::vector<uint32_t> kept = computed(4, kSmall);
  EXPECT_NE(kept.front(), 0u);
  EXPECT_NE(kept.back(), 0u);
  _mm_setcsr(_mm_getcsr() | 0x8040);
  EXPECT_EQ(computed(4, kSmall), std::vector<uint32_t>(kept.size(), 0));
  EXPECT_EQ(_mm_getcsr() & 0x8040, 0x8040u);
}
#endif

TEST_F(FloatingPoint, AbsurdNumbersOfThreadsAreRefused) {
  for (int32_t absurd : {1 << 20, INT32_MAX}) {
    EXPECT_EQ(tensor_set_num_threads(absurd), TENSOR_ERROR_INVALID_ARGUMENT);
    EXPECT_NE(std::string(tensor_last_error()).find("but got " + std::to_string(absurd)),
              std::string::npos);
  }
  OK(tensor_set_num_threads(64));
}

}  // namespace
}  // namespace test
