// Element types and devices.
#ifndef TENSOR_CPP_DTYPE_HPP
#define TENSOR_CPP_DTYPE_HPP

#include <cstdint>
#include <cstdlib>
#include <ostream>
#include <string>

#include "tensor/cpp/error.hpp"
#include "tensor/data.h"
#include "tensor/types.h"

namespace tensor {

enum class DType : tensor_dtype_t {
  Default = TENSOR_DTYPE_DEFAULT,  // as the function sees fit
  Bool = TENSOR_BOOL,
  UInt8 = TENSOR_UINT8,
  Int8 = TENSOR_INT8,
  Int16 = TENSOR_INT16,
  Int32 = TENSOR_INT32,
  Int64 = TENSOR_INT64,
  Float16 = TENSOR_FLOAT16,
  BFloat16 = TENSOR_BFLOAT16,
  Float32 = TENSOR_FLOAT32,
  Float64 = TENSOR_FLOAT64
};

constexpr DType kBool = DType::Bool;
constexpr DType kUInt8 = DType::UInt8;
constexpr DType kInt8 = DType::Int8;
constexpr DType kInt16 = DType::Int16;
constexpr DType kInt32 = DType::Int32;
constexpr DType kInt64 = DType::Int64;
constexpr DType kFloat16 = DType::Float16;
constexpr DType kBFloat16 = DType::BFloat16;
constexpr DType kFloat32 = DType::Float32;
constexpr DType kFloat64 = DType::Float64;

inline tensor_dtype_t raw(DType dtype) noexcept { return static_cast<tensor_dtype_t>(dtype); }
inline const char* name(DType dtype) { return tensor_dtype_name(raw(dtype)); }
inline size_t size_of(DType dtype) { return tensor_dtype_size(raw(dtype)); }
inline std::ostream& operator<<(std::ostream& out, DType dtype) { return out << name(dtype); }

// The dtype that an operation on both gives.
inline DType promote_types(DType a, DType b) {
  tensor_dtype_t out;
  detail::check(tensor_promote_types(raw(a), raw(b), &out));
  return static_cast<DType>(out);
}

// The dtype of a C++ type: dtype_of<float>::value.
template <typename T>
struct dtype_of;
// clang-format off
template <> struct dtype_of<bool> { static constexpr DType value = DType::Bool; };
template <> struct dtype_of<uint8_t> { static constexpr DType value = DType::UInt8; };
template <> struct dtype_of<int8_t> { static constexpr DType value = DType::Int8; };
template <> struct dtype_of<int16_t> { static constexpr DType value = DType::Int16; };
template <> struct dtype_of<int32_t> { static constexpr DType value = DType::Int32; };
template <> struct dtype_of<int64_t> { static constexpr DType value = DType::Int64; };
template <> struct dtype_of<float> { static constexpr DType value = DType::Float32; };
template <> struct dtype_of<double> { static constexpr DType value = DType::Float64; };
// clang-format on

// "cpu", "cuda" (the thread's current CUDA device) or "cuda:1".
class Device {
 public:
  Device() noexcept : raw_{TENSOR_DEVICE_DEFAULT, 0} {}
  Device(tensor_device_t device) noexcept : raw_(device) {}
  Device(const char* text) : Device(std::string(text)) {}
  Device(const std::string& text) : raw_(parse(text)) {}

  tensor_device_t raw() const noexcept { return raw_; }
  bool is_cuda() const noexcept { return raw_.type == TENSOR_CUDA; }
  int32_t index() const noexcept { return raw_.index; }
  std::string str() const {
    if (!is_cuda()) return "cpu";
    return raw_.index < 0 ? "cuda" : "cuda:" + std::to_string(raw_.index);
  }
  bool operator==(const Device& other) const noexcept {
    return raw_.type == other.raw_.type && raw_.index == other.raw_.index;
  }
  bool operator!=(const Device& other) const noexcept { return !(*this == other); }

 private:
  static tensor_device_t parse(const std::string& text) {
    const size_t colon = text.find(':');
    const std::string kind = text.substr(0, colon);
    if (text == "cuda") return {TENSOR_CUDA, -1};
    const std::string digits = colon == std::string::npos ? "0" : text.substr(colon + 1);
    const bool known = kind == "cpu" || kind == "cuda";
    const bool number = !digits.empty() && digits.size() < 5 &&
                        digits.find_first_not_of("0123456789") == std::string::npos;
    if (!known || !number) {
      throw Error(TENSOR_ERROR_INVALID_ARGUMENT, "Invalid device string: '" + text + "'");
    }
    return {kind == "cpu" ? TENSOR_CPU : TENSOR_CUDA,
            static_cast<int32_t>(std::atoi(digits.c_str()))};
  }

  tensor_device_t raw_;
};

inline std::ostream& operator<<(std::ostream& out, const Device& d) { return out << d.str(); }

}  // namespace tensor

#endif  // TENSOR_CPP_DTYPE_HPP
