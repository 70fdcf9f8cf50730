// A 64-bit integer that remembers whether a calculation with it has left the range. Sizes, strides,
// offsets and counts of bytes are computed with it wherever they are not known to fit.
#pragma once

#include <cstdint>

namespace libtensor {

class Checked {
 public:
  Checked(int64_t value) : value_(value) {}  // NOLINT: numbers take part in calculations

  Checked& operator+=(Checked other) {
    overflowed_ |= other.overflowed_ | __builtin_add_overflow(value_, other.value_, &value_);
    return *this;
  }
  Checked& operator*=(Checked other) {
    overflowed_ |= other.overflowed_ | __builtin_mul_overflow(value_, other.value_, &value_);
    return *this;
  }
  friend Checked operator+(Checked a, Checked b) { return a += b; }
  friend Checked operator*(Checked a, Checked b) { return a *= b; }

  bool fits() const { return !overflowed_; }
  // Only where it fits.
  int64_t value() const { return value_; }

 private:
  int64_t value_;
  bool overflowed_ = false;
};

// Of sizes and strides of a tensor that may be empty: then they need not fit, and what comes out
// matters to nobody.
inline int64_t wrapping_product(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

}  // namespace libtensor
