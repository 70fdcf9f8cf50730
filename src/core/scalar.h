// A number given by the caller: a bool, an integer or a double.
#pragma once

#include <cstdint>

#include "core/dtype.h"

namespace libtensor {

class Scalar {
 public:
  Scalar() : Scalar(int64_t{0}) {}
  Scalar(double value) : dtype_(DType::kFloat64) {
    value_.f = value;
  }  // NOLINT: implicit as in PyTorch
  Scalar(int64_t value) : dtype_(DType::kInt64) { value_.i = value; }  // NOLINT
  Scalar(uint64_t value) : Scalar(static_cast<int64_t>(value)) {       // NOLINT
    exceeds_int64_ = value_.i < 0;
  }
  Scalar(int value) : Scalar(static_cast<int64_t>(value)) {}       // NOLINT
  Scalar(bool value) : dtype_(DType::kBool) { value_.i = value; }  // NOLINT

  // kBool, kInt64 or kFloat64.
  DType dtype() const { return dtype_; }
  DTypeCategory category() const { return category_of(dtype_); }
  bool is_floating() const { return dtype_ == DType::kFloat64; }
  // An integer of 2^63 or more: its dtype is kInt64, in which it wraps around.
  bool exceeds_int64() const { return exceeds_int64_; }

  template <class T>
  T to() const {
    if (dtype_ == DType::kFloat64) return convert<T>(value_.f);
    if (exceeds_int64_) return convert<T>(static_cast<uint64_t>(value_.i));
    return convert<T>(value_.i);
  }

  // The dtype that a tensor made from this number alone has: bool, int64 or float32.
  DType default_dtype() const { return is_floating() ? DType::kFloat32 : dtype_; }

  // Of integers: as int64, in which it wraps around.
  Scalar operator-() const {
    if (is_floating()) return Scalar(-value_.f);
    return Scalar(static_cast<int64_t>(-static_cast<uint64_t>(value_.i)));
  }

  // Writes the value as one element of `dtype`.
  void store(DType dtype, void* destination) const {
    dispatch(dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      *static_cast<T*>(destination) = to<T>();
    });
  }
  // Reads one element of `dtype`.
  static Scalar load(DType dtype, const void* source) {
    return dispatch(dtype, [&](auto tag) -> Scalar {
      using T = typename decltype(tag)::type;
      if constexpr (std::is_same_v<T, bool>) {  // any byte but 0 is true
        return Scalar(*static_cast<const unsigned char*>(source) != 0);
      } else {
        const T value = *static_cast<const T*>(source);
        if constexpr (std::is_integral_v<T>)
          return Scalar(static_cast<int64_t>(value));
        else
          return Scalar(convert<double>(value));
      }
    });
  }

 private:
  DType dtype_;
  bool exceeds_int64_ = false;
  union {
    double f;
    int64_t i;
  } value_;
};

}  // namespace libtensor
