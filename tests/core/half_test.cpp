// The 16-bit types: every pattern, and rounding against a reference in double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/half.h"

namespace libtensor {
namespace {

// What a pattern with `exponent_bits` and `fraction_bits` stands for, by the definition of the
// format.
double decode(uint16_t bits, int exponent_bits, int fraction_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1, top = (1 << exponent_bits) - 1;
  const int exponent = bits >> fraction_bits & top, fraction = bits & ((1 << fraction_bits) - 1);
  const double sign = bits >> 15 ? -1 : 1;
  if (exponent == top) return fraction ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

struct HalfFormat {
  using Type = Half;
  static double decode(uint16_t bits) { return libtensor::decode(bits, 5, 10); }
};
struct BFloat16Format {
  using Type = BFloat16;
  static double decode(uint16_t bits) { return libtensor::decode(bits, 8, 7); }
};

template <class Format>
class SixteenBit : public testing::Test {
 protected:
  using Type = typename Format::Type;
  static float to_float(uint16_t bits) {
    Type value;
    value.bits = bits;
    return static_cast<float>(value);
  }
  static bool is_even(uint16_t bits) { return (bits & 1) == 0; }

  // Nearest pattern to a finite non-negative value, ties to even, by search among all of them.
  static uint16_t nearest(double value) {
    uint16_t low = 0, high = infinity();
    while (high - low > 1) {
      const auto middle = static_cast<uint16_t>((low + high) / 2);
      (Format::decode(middle) <= value ? low : high) = middle;
    }
    // The step to infinity is as wide as the one before it.
    const double below = Format::decode(low);
    const double step =
        high == infinity() ? below - Format::decode(low - 1) : Format::decode(high) - below;
    const double distance = value - below;
    if (distance * 2 == step) return is_even(low) ? low : high;
    return distance * 2 < step ? low : high;
  }
  static uint16_t infinity() { return Type(INFINITY).bits; }
  static void expect_rounded(float value) {
    const uint16_t expected = nearest(std::fabs(static_cast<double>(value)));
    const auto signed_expected =
        static_cast<uint16_t>(expected | (std::signbit(value) ? 0x8000 : 0));
    ASSERT_EQ(Type(value).bits, signed_expected) << std::hexfloat << value;
  }
};
using Formats = testing::Types<HalfFormat, BFloat16Format>;
TYPED_TEST_SUITE(SixteenBit, Formats);

TYPED_TEST(SixteenBit, EveryPatternDecodesByTheDefinition) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto pattern = static_cast<uint16_t>(bits);
    const double expected = TypeParam::decode(pattern);
    const float actual = this->to_float(pattern);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(actual)) << std::hex << bits;
    } else {
      ASSERT_EQ(actual, expected) << std::hex << bits;
      ASSERT_EQ(std::signbit(actual), std::signbit(expected)) << std::hex << bits;
    }
  }
}

TYPED_TEST(SixteenBit, EveryPatternMakesTheRoundTrip) {
  using Number = typename TypeParam::Type;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto pattern = static_cast<uint16_t>(bits);
    const float value = this->to_float(pattern);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(static_cast<float>(Number(value)))) << std::hex << bits;
    } else {
      ASSERT_EQ(Number(value).bits, pattern) << std::hex << bits;
    }
  }
}

TYPED_TEST(SixteenBit, RoundsToNearestEvenBetweenAnyTwoPatterns) {
  for (uint32_t bits = 0; bits < this->infinity(); ++bits) {
    const auto pattern = static_cast<uint16_t>(bits);
    const float low = this->to_float(pattern);
    const float high = this->to_float(static_cast<uint16_t>(pattern + 1));
    const float middle = std::isinf(high)
                             ? low + (low - this->to_float(static_cast<uint16_t>(pattern - 1))) / 2
                             : low + (high - low) / 2;
    for (float value : {middle, std::nextafter(middle, 0.0f), std::nextafter(middle, INFINITY)}) {
      if (std::isinf(value)) continue;
      this->expect_rounded(value);
      this->expect_rounded(-value);
    }
  }
}

TYPED_TEST(SixteenBit, RoundsAnyFloat) {
  std::mt19937 random(7);
  for (int i = 0; i < 300'000; ++i) {
    const float value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isfinite(value)) this->expect_rounded(value);
  }
}

TYPED_TEST(SixteenBit, KeepsInfinityAndNan) {
  using Number = typename TypeParam::Type;
  EXPECT_EQ(static_cast<float>(Number(INFINITY)), INFINITY);
  EXPECT_EQ(static_cast<float>(Number(-INFINITY)), -INFINITY);
  for (uint32_t word : {0x7fc00000u, 0xffc00000u, 0x7f800001u, 0x7fffffffu, 0xff800001u}) {
    EXPECT_TRUE(std::isnan(static_cast<float>(Number(std::bit_cast<float>(word)))))
        << std::hex << word;
  }
}

}  // namespace
}  // namespace libtensor
