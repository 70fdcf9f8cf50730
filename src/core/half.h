// 16-bit floating-point storage types. Arithmetic on them happens in float (as in PyTorch), so they
// only convert.
#pragma once

#include <bit>
#include <cstdint>

#include "core/host_device.h"

namespace libtensor {

// IEEE 754 binary16.
struct Half {
  uint16_t bits = 0;

  Half() = default;
  LIBTENSOR_HOST_DEVICE explicit Half(float value) : bits(from_float(value)) {}
  LIBTENSOR_HOST_DEVICE explicit operator float() const { return to_float(bits); }

  // Round to nearest even, by scaling so that the float adder does the rounding.
  // Method: F. Giesen, "float->half variants" (public domain notes, 2012).
  LIBTENSOR_HOST_DEVICE static uint16_t from_float(float value) {
    constexpr float kToInfinity = 0x1.0p+112f;
    constexpr float kToZero = 0x1.0p-110f;
    const uint32_t word = std::bit_cast<uint32_t>(value);
    const uint32_t magnitude = word & 0x7fffffffu;
    float base = (std::bit_cast<float>(magnitude) * kToInfinity) * kToZero;
    uint32_t bias = (word + word) & 0xff000000u;
    if (bias < 0x71000000u) bias = 0x71000000u;
    base = std::bit_cast<float>((bias >> 1) + 0x07800000u) + base;
    const uint32_t rounded = std::bit_cast<uint32_t>(base);
    const uint32_t nonsign = ((rounded >> 13) & 0x7c00u) + (rounded & 0x0fffu);
    const uint32_t sign = (word >> 16) & 0x8000u;
    return static_cast<uint16_t>(sign | (magnitude > 0x7f800000u ? 0x7e00u : nonsign));
  }

  LIBTENSOR_HOST_DEVICE static float to_float(uint16_t half) {
    const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
    const uint32_t shifted = static_cast<uint32_t>(half & 0x7fffu) << 13;
    const uint32_t exponent = shifted & 0x0f800000u;
    uint32_t word = shifted + 0x38000000u;  // rebias the exponent by 112
    if (exponent == 0x0f800000u) {          // infinity or NaN
      word += 0x38000000u;
    } else if (exponent == 0) {  // zero or subnormal: let the float unit renormalise
      word = std::bit_cast<uint32_t>(std::bit_cast<float>(shifted + 0x38800000u) - 0x1.0p-14f);
    }
    return std::bit_cast<float>(sign | word);
  }
};

// The upper half of a float.
struct BFloat16 {
  uint16_t bits = 0;

  BFloat16() = default;
  LIBTENSOR_HOST_DEVICE explicit BFloat16(float value) : bits(from_float(value)) {}
  LIBTENSOR_HOST_DEVICE explicit operator float() const {
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  }

  LIBTENSOR_HOST_DEVICE static uint16_t from_float(float value) {
    const uint32_t word = std::bit_cast<uint32_t>(value);
    if ((word & 0x7fffffffu) > 0x7f800000u) return 0x7fc0;  // NaN
    return static_cast<uint16_t>((word + 0x7fffu + ((word >> 16) & 1u)) >> 16);
  }
};

}  // namespace libtensor
