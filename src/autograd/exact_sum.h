// Sums of floating-point numbers that do not depend on the order in which they are added.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/dtype.h"

namespace libtensor::autograd {

// One exact sum per element: a fixed-point number that is wide enough for every double (Kulisch's
// accumulator), in digits of 32 bits of which only those in use take memory. Host memory only.
class ExactSum {
 public:
  ExactSum(DType dtype, int64_t count) : dtype_(dtype), count_(count) {}

  // `values`: `count` contiguous elements of the dtype; sign is 1 or -1.
  void add(const void* values, int sign = 1);
  // Writes the sums, each rounded once, to nearest, ties to even.
  void round_to(void* values) const;

 private:
  static constexpr int kDigitBits = 32;
  static constexpr int kLowest = -1152;  // the exponent of digit 0: below the least mantissa's
  static constexpr int kDigits = 70;     // up to 2^1088: room for 2^64 of the largest doubles

  void add(int64_t element, double value);
  int64_t& digit(int place, int64_t element);
  void carry();
  template <class T>
  T rounded(int64_t element) const;

  DType dtype_;
  int64_t count_;
  int additions_ = 0;  // since the digits were last normalised
  std::array<std::vector<int64_t>, kDigits> digits_;
  std::vector<double> special_;  // sums of infinities and NaN, where there are any
};

}  // namespace libtensor::autograd
