// Numbers and options as arguments.
#ifndef TENSOR_CPP_OPTIONS_HPP
#define TENSOR_CPP_OPTIONS_HPP

#include <type_traits>

#include "tensor/cpp/dtype.hpp"
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

// What a loss does with the values of its samples.
enum class Reduction : tensor_reduction_t {
  None = TENSOR_REDUCTION_NONE,
  Mean = TENSOR_REDUCTION_MEAN,
  Sum = TENSOR_REDUCTION_SUM
};

inline tensor_reduction_t raw(Reduction value) noexcept {
  return static_cast<tensor_reduction_t>(value);
}

}  // namespace tensor

#endif  // TENSOR_CPP_OPTIONS_HPP
