#include "cpu/box_muller.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace libtensor::cpu {
namespace {

constexpr int kPairs = kBoxMullerBlock / 2;

// PyTorch computes float32 normals with the vector log and sincos of avx_mathfun (G. Garberoglio
// after J. Pommier), which use the polynomials of Cephes (S. Moshier), and its compiler fuses
// multiplications with additions. The functions below follow that arithmetic operation by
// operation: where a product is fused and where it is rounded decides the last bit. They are meant
// for the arguments that occur here, and choose with masks instead of branches, so that loops
// vectorise.

[[gnu::always_inline]] inline uint32_t all_ones_if(bool condition) {
  return -static_cast<uint32_t>(condition);
}

// Natural logarithm of a normal number > 0.
[[gnu::always_inline]] inline float log_of(float x) {
  // x = mantissa * 2^exponent with the mantissa in [sqrt(1/2), sqrt(2))
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t half_to_one = (bits & 0x007fffffu) | 0x3f000000u;
  const uint32_t is_low = all_ones_if(half_to_one < std::bit_cast<uint32_t>(0.707106781186547524f));
  const float exponent = static_cast<float>(static_cast<int32_t>((bits >> 23) - 126 + is_low));
  // mantissa - 1; a low one is still to be doubled
  const float m =
      (std::bit_cast<float>(half_to_one) - 1.0f) + std::bit_cast<float>(half_to_one & is_low);

  const float square = m * m;
  float p = 7.0376836292e-2f;
  p = std::fma(p, m, -1.1514610310e-1f);
  p = std::fma(p, m, 1.1676998740e-1f);
  p = std::fma(p, m, -1.2420140846e-1f);
  p = std::fma(p, m, 1.4249322787e-1f);
  p = std::fma(p, m, -1.6668057665e-1f);
  p = std::fma(p, m, 2.0000714765e-1f);
  p = std::fma(p, m, -2.4999993993e-1f);
  p = std::fma(p, m, 3.3333331174e-1f);
  p = p * m;
  // ln 2 comes in two parts, of which the larger has few digits
  p = std::fma(p, square, exponent * -2.12194440e-4f);
  p = std::fma(square, -0.5f, p);
  return std::fma(exponent, 0.693359375f, m + p);
}

struct SinCos {
  float sin, cos;
};

// Sine and cosine of x in [0, 2 pi].
[[gnu::always_inline]] inline SinCos sincos_of(float x) {
  // x = octant * pi/4 + rest with an even octant; pi/4 comes in three parts
  const int32_t octant = (static_cast<int32_t>(x * 1.27323954473516f) + 1) & ~1;
  const float turns = static_cast<float>(octant);
  float rest = std::fma(turns, -0.78515625f, x);
  rest = std::fma(turns, -2.4187564849853515625e-4f, rest);
  rest = std::fma(turns, -3.77489497744594108e-8f, rest);

  const float square = rest * rest;
  float c = 2.443315711809948e-5f;
  c = std::fma(c, square, -1.388731625493765e-3f);
  c = std::fma(c, square, 4.166664568298827e-2f);
  c = std::fma(c * square, square, square * -0.5f) + 1.0f;
  float s = -1.9515295891e-4f;
  s = std::fma(s, square, 8.3321608736e-3f);
  s = std::fma(s, square, -1.6666654611e-1f);
  s = std::fma(s * square, rest, rest);

  const uint32_t flip =
      all_ones_if(octant & 2) & (std::bit_cast<uint32_t>(s) ^ std::bit_cast<uint32_t>(c));
  const uint32_t sin_sign = static_cast<uint32_t>(octant & 4) << 29;
  const uint32_t cos_sign = static_cast<uint32_t>(~(octant - 2) & 4) << 29;
  return {std::bit_cast<float>(std::bit_cast<uint32_t>(s) ^ flip ^ sin_sign),
          std::bit_cast<float>(std::bit_cast<uint32_t>(c) ^ flip ^ cos_sign)};
}

[[gnu::always_inline]] inline void transform(float* values, int64_t blocks) {
  for (; blocks > 0; --blocks, values += 2 * kPairs) {
    float first[kPairs], second[kPairs];  // no alias: lets the loop be vectorised
    for (int j = 0; j < kPairs; ++j) {
      const float radius = std::sqrt(-2.0f * log_of(1.0f - values[j]));
      const SinCos angle = sincos_of(static_cast<float>(2 * std::numbers::pi) * values[j + kPairs]);
      // + 0 is the mean: it turns -0 into 0
      first[j] = radius * angle.cos + 0.0f;
      second[j] = radius * angle.sin + 0.0f;
    }
    for (int j = 0; j < kPairs; ++j) {
      values[j] = first[j];
      values[j + kPairs] = second[j];
    }
  }
}

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] void transform_avx2(float* values, int64_t blocks) {
  transform(values, blocks);
}

const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif

}  // namespace

void box_muller(float* values, int64_t blocks) {
#if defined(__x86_64__)
  if (has_avx2) return transform_avx2(values, blocks);
#endif
  box_muller_portable(values, blocks);
}

void box_muller_portable(float* values, int64_t blocks) { transform(values, blocks); }

void box_muller(double* values, int64_t blocks) {
  for (; blocks > 0; --blocks, values += 2 * kPairs) {
    for (int j = 0; j < kPairs; ++j) {
      const double radius = std::sqrt(-2 * std::log(1 - values[j]));
      const double angle = 2 * std::numbers::pi * values[j + kPairs];
      values[j] = radius * std::cos(angle) + 0.0;
      values[j + kPairs] = radius * std::sin(angle) + 0.0;
    }
  }
}

}  // namespace libtensor::cpu
