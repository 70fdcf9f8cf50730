// A tensor for tests of kernels: elements with any strides, guarded on both sides, read and written
// one by one.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "core/calls/operand.h"
#include "core/shape.h"

namespace libtensor::cpu {

// Holds every element of every dtype exactly.
using Value = long double;

inline Value load_value(DType dtype, const void* p) {
  return dispatch(dtype, [&](auto tag) -> Value {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_arithmetic_v<T>)
      return static_cast<Value>(*static_cast<const T*>(p));
    else
      return static_cast<Value>(static_cast<float>(*static_cast<const T*>(p)));
  });
}

// `value` must be representable but for the rounding of floating dtypes.
inline void store_value(DType dtype, void* p, Value value) {
  dispatch(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_arithmetic_v<T>)
      *static_cast<T*>(p) = static_cast<T>(value);
    else
      *static_cast<T*>(p) = T(static_cast<float>(value));
  });
}

// Equal as numbers, or both NaN.
inline bool same_value(Value a, Value b) { return a == b || (a != a && b != b); }

class Array {
 public:
  Array(DType dtype, Dims shape, Dims strides) : dtype_(dtype), shape_(shape), strides_(strides) {
    const int64_t last = numel() == 0 ? -1 : reach(shape_, strides_);
    memory_.assign((last + 1 + 2 * kGuard) * size(), kPattern);
  }
  Array(DType dtype, Dims shape) : Array(dtype, shape, contiguous_strides(shape)) {}

  DType dtype() const { return dtype_; }
  const Dims& shape() const { return shape_; }
  const Dims& strides() const { return strides_; }
  int64_t numel() const { return numel_of(shape_); }
  int64_t size() const { return static_cast<int64_t>(size_of(dtype_)); }
  void* data() { return memory_.data() + kGuard * size(); }
  const void* data() const { return memory_.data() + kGuard * size(); }
  Operand operand() { return {data(), dtype_, strides_.data()}; }

  // The i-th element in row-major order.
  int64_t offset(int64_t i) const {
    int64_t offset = 0;
    for (int d = shape_.size() - 1; d >= 0; i /= shape_[d--]) offset += i % shape_[d] * strides_[d];
    return offset;
  }
  Value get(int64_t i) const {
    return load_value(dtype_, static_cast<const char*>(data()) + offset(i) * size());
  }
  void set(int64_t i, Value value) {
    store_value(dtype_, static_cast<char*>(data()) + offset(i) * size(), value);
  }

  // Small numbers that every dtype holds, or any bits at all with the corner cases among them.
  void fill_small(uint32_t seed) {
    std::mt19937 random(seed);
    for (int64_t i = 0; i < numel(); ++i) {
      const int whole = static_cast<int>(random() % 11) - 5;
      set(i, dtype_ == DType::kBool    ? whole > 0
             : is_floating(dtype_)     ? whole + 0.25L * (random() % 4)
             : dtype_ == DType::kUInt8 ? whole + 5
                                       : whole);
    }
  }
  void fill_extreme(uint32_t seed) {
    std::mt19937_64 random(seed);
    constexpr Value kInfinity = std::numeric_limits<Value>::infinity();
    const Value corners[] = {0,
                             -0.0L,
                             1,
                             -1,
                             kInfinity,
                             -kInfinity,
                             std::numeric_limits<Value>::quiet_NaN(),
                             1e-40L,
                             -1e-310L,
                             3e38L,
                             -1e300L,
                             0.5L};
    for (int64_t i = 0; i < numel(); ++i) {
      if (!is_floating(dtype_)) {
        const uint64_t bits = dtype_ == DType::kBool ? random() % 2 : random();
        std::memcpy(static_cast<char*>(data()) + offset(i) * size(), &bits, size());
      } else if (random() % 2) {
        set(i, corners[random() % std::size(corners)]);
      } else {
        set(i, (static_cast<Value>(random() % 2000) - 1000) / 64);
      }
    }
  }

  // Nothing outside the elements was written.
  void check_guards() const {
    const int64_t bytes = kGuard * size(), total = static_cast<int64_t>(memory_.size());
    for (int64_t i = 0; i < bytes; ++i) {
      ASSERT_EQ(memory_[i], kPattern) << "before the first element";
      ASSERT_EQ(memory_[total - 1 - i], kPattern) << "behind the last element";
    }
  }
  friend bool operator==(const Array& a, const Array& b) { return a.memory_ == b.memory_; }

 private:
  static constexpr int64_t kGuard = 3;  // elements: also makes the data unaligned for vectors
  static constexpr unsigned char kPattern = 0x5a;

  DType dtype_;
  Dims shape_, strides_;
  std::vector<unsigned char> memory_;
};

}  // namespace libtensor::cpu
