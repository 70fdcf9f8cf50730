#include "autograd/exact_sum.h"

#include <bit>
#include <cmath>

#include "core/half.h"

namespace libtensor::autograd {
namespace {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

// `mantissa` * 2^exponent, rounded once: to a 16-bit type by way of a float, which holds the
// mantissa.
template <class T>
T scaled(int64_t mantissa, int exponent) {
  if constexpr (sizeof(T) == 2) {
    return T(std::ldexp(static_cast<float>(mantissa), exponent));
  } else {
    return std::ldexp(static_cast<T>(mantissa), exponent);
  }
}

template <class T>
double wide(T value) {
  if constexpr (sizeof(T) == 2) {
    return static_cast<float>(value);
  } else {
    return value;
  }
}

template <class T>
T special(double value) {
  return T(static_cast<float>(value));
}

// Calls body(T()) for the C++ type of a floating dtype.
template <class Body>
void with_type(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::kFloat16:
      return body(Half());
    case DType::kBFloat16:
      return body(BFloat16());
    case DType::kFloat32:
      return body(0.0f);
    default:
      return body(0.0);
  }
}

}  // namespace

void ExactSum::add(const void* values, int sign) {
  if (++additions_ == 1 << 29) carry();  // before 32 bits of room are used up
  with_type(dtype_, [&]<class T>(T) {
    const T* all = static_cast<const T*>(values);
    for (int64_t i = 0; i < count_; ++i) add(i, sign * wide(all[i]));
  });
}

void ExactSum::add(int64_t element, double value) {
  if (!std::isfinite(value)) {
    special_.resize(count_);
    special_[element] += value;
    return;
  }
  if (value == 0) return;
  int exponent;
  const double fraction = std::frexp(value, &exponent);
  const auto mantissa = static_cast<int64_t>(std::ldexp(fraction, 53));
  const int shift = exponent - 53 - kLowest;
  // The mantissa, shifted within its digits, is at most 85 bits: three digits.
  Int128 bits = static_cast<Int128>(mantissa) << shift % kDigitBits;
  for (int place = shift / kDigitBits; bits != 0; ++place) {
    if (bits == -1) {  // only the sign is left
      digit(place, element) -= 1;
      break;
    }
    digit(place, element) += static_cast<uint32_t>(bits);
    bits >>= kDigitBits;
  }
}

int64_t& ExactSum::digit(int place, int64_t element) {
  digits_[place].resize(count_);
  return digits_[place][element];
}

// Makes all digits but the highest one lie in [0, 2^32).
void ExactSum::carry() {
  additions_ = 1;
  for (int place = 0; place + 1 < kDigits; ++place) {
    if (digits_[place].empty()) continue;
    for (int64_t i = 0; i < count_; ++i) {
      int64_t& own = digits_[place][i];
      const int64_t over = own >> kDigitBits;
      if (over == 0) continue;
      own -= over * (int64_t{1} << kDigitBits);
      digit(place + 1, i) += over;
    }
  }
}

void ExactSum::round_to(void* values) const {
  with_type(dtype_, [&]<class T>(T) {
    T* all = static_cast<T*>(values);
    for (int64_t i = 0; i < count_; ++i) all[i] = rounded<T>(i);
  });
}

template <class T>
T ExactSum::rounded(int64_t element) const {
  if (!special_.empty() && special_[element] != 0) return special<T>(special_[element]);

  // The digits without carries, as a sign and a magnitude.
  std::array<uint32_t, kDigits + 1> magnitude{};
  int64_t over = 0;
  for (int place = 0; place < kDigits; ++place) {
    const int64_t own = (digits_[place].empty() ? 0 : digits_[place][element]) + over;
    magnitude[place] = static_cast<uint32_t>(own);
    over = own >> kDigitBits;
  }
  magnitude[kDigits] = static_cast<uint32_t>(over);
  const bool negative = over < 0;
  if (negative) {
    uint64_t one = 1;
    for (uint32_t& digit : magnitude) {
      one += static_cast<uint32_t>(~digit);
      digit = static_cast<uint32_t>(one);
      one >>= kDigitBits;
    }
  }
  int top = kDigits;
  while (top >= 0 && magnitude[top] == 0) --top;
  if (top < 0) return T(0.0f);

  // The highest 64 to 96 bits, of which kept are so many that one rounding is left to do; what is
  // cut off leaves a trace in the last bit.
  UInt128 bits = 0;
  for (int place = top; place > top - 3; --place)
    bits = bits << kDigitBits | (place >= 0 ? magnitude[place] : 0);
  bool rest = false;
  for (int place = top - 3; place >= 0; --place) rest |= magnitude[place] != 0;
  int exponent = kLowest + (top - 2) * kDigitBits;
  constexpr int kKept = sizeof(T) == 2 ? 24 : 62;
  const int size = 3 * kDigitBits - std::countl_zero(magnitude[top]);
  if (const int cut = size - kKept; cut > 0) {
    rest |= (bits & ((static_cast<UInt128>(1) << cut) - 1)) != 0;
    bits >>= cut;
    exponent += cut;
  }
  const auto kept = static_cast<int64_t>(static_cast<uint64_t>(bits) | rest);
  return scaled<T>(negative ? -kept : kept, exponent);
}

}  // namespace libtensor::autograd
