// Numbers and options as arguments.
#ifndef TENSOR_CPP_OPTIONS_HPP
#define TENSOR_CPP_OPTIONS_HPP

#include <type_traits>

#include "tensor/cpp/dtype.hpp"
#include "tensor/cpp/enums.hpp"
#include "tensor/types.h"

namespace tensor {

// A number beside a tensor: a bool, an integer or a floating number, which count differently when
// dtypes are promoted.
class Scalar {
 public:
  template <typename T, typename std::enable_if<std::is_arithmetic<T>::value, int>::type = 0>
  Scalar(T value) noexcept : raw_(make(value, std::is_floating_point<T>())) {}
  Scalar(bool value) noexcept : raw_(tensor_scalar_bool(value)) {}
  Scalar(tensor_scalar_t value) noexcept : raw_(value) {}

  tensor_scalar_t raw() const noexcept { return raw_; }

  // The number as a T, converted as C++ converts.
  template <typename T>
  T to() const noexcept {
    switch (raw_.dtype) {
      case TENSOR_BOOL:
        return static_cast<T>(raw_.value.boolean);
      case TENSOR_INT64:
        return static_cast<T>(raw_.value.int64);
      default:
        return static_cast<T>(raw_.value.float64);
    }
  }

 private:
  template <typename T>
  static tensor_scalar_t make(T value, std::true_type /*floating*/) noexcept {
    return tensor_scalar_double(static_cast<double>(value));
  }
  template <typename T>
  static tensor_scalar_t make(T value, std::false_type) noexcept {
    return std::is_signed<T>::value ? tensor_scalar_int64(static_cast<int64_t>(value))
                                    : tensor_scalar_uint64(static_cast<uint64_t>(value));
  }

  tensor_scalar_t raw_;
};

// How to make a tensor: Options().dtype(kFloat64).requires_grad(true), or just a dtype or a device.
class Options {
 public:
  Options() noexcept : raw_(tensor_options_default()) {}
  Options(DType dtype) noexcept : Options() { this->dtype(dtype); }
  Options(const Device& device) noexcept : Options() { this->device(device); }
  Options(const Device& device, DType dtype) noexcept : Options(device) { this->dtype(dtype); }

  Options& dtype(DType dtype) noexcept {
    raw_.dtype = tensor::raw(dtype);
    return *this;
  }
  Options& device(const Device& device) noexcept {
    raw_.device = device.raw();
    return *this;
  }
  Options& requires_grad(bool requires_grad) noexcept {
    raw_.requires_grad = requires_grad;
    return *this;
  }

  DType dtype() const noexcept { return static_cast<DType>(raw_.dtype); }
  const tensor_options_t* raw() const noexcept { return &raw_; }

 private:
  tensor_options_t raw_;
};

// A value that may be left out.
template <typename T>
class Optional {
 public:
  Optional() noexcept : value_(), has_value_(false) {}
  Optional(T value) noexcept : value_(value), has_value_(true) {}

  explicit operator bool() const noexcept { return has_value_; }
  T operator*() const noexcept { return value_; }

 private:
  T value_;
  bool has_value_;
};

namespace detail {

inline tensor_optional_int64_t raw_optional(int64_t value) { return tensor_some_int64(value); }
inline tensor_optional_double_t raw_optional(double value) { return tensor_some_double(value); }
inline tensor_optional_bool_t raw_optional(bool value) { return tensor_some_bool(value); }
inline tensor_optional_int64_t raw_optional(const Optional<int64_t>& value) {
  return value ? tensor_some_int64(*value) : tensor_optional_int64_t();
}

// Of a value that lives until the call is over.
template <typename T>
const T* address(const T& value) noexcept {
  return &value;
}

}  // namespace detail

}  // namespace tensor

#endif  // TENSOR_CPP_OPTIONS_HPP
