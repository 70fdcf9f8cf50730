// Element types: their sizes, categories, promotion, and the dispatch from a run-time dtype to a
// C++ type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/error.h"
#include "core/half.h"
#include "core/host_device.h"

namespace libtensor {

// The numbers are part of the ABI (tensor_dtype_t). 0 means "not given"; 11-13 are kept for complex
// types.
enum class DType : uint8_t {
  kUndefined = 0,
  kBool = 1,
  kUInt8 = 2,
  kInt8 = 3,
  kInt16 = 4,
  kInt32 = 5,
  kInt64 = 6,
  kFloat16 = 7,
  kBFloat16 = 8,
  kFloat32 = 9,
  kFloat64 = 10,
};
inline constexpr int kDTypeCount = 11;  // kUndefined included: arrays are indexed by the enumerator

// Promotion moves up these categories and never down.
enum class DTypeCategory : uint8_t { kBool = 0, kIntegral = 1, kFloating = 2 };

struct DTypeInfo {
  const char* name;         // "float32"
  const char* scalar_name;  // "Float": how PyTorch's messages call it
  uint8_t size;             // bytes
  DTypeCategory category;
};

extern const DTypeInfo kDTypeInfo[kDTypeCount];

inline const DTypeInfo& info(DType dtype) { return kDTypeInfo[static_cast<int>(dtype)]; }
inline size_t size_of(DType dtype) { return info(dtype).size; }
inline const char* name_of(DType dtype) { return info(dtype).name; }
inline const char* scalar_name_of(DType dtype) { return info(dtype).scalar_name; }
inline DTypeCategory category_of(DType dtype) { return info(dtype).category; }
constexpr bool is_floating(DType dtype) { return dtype >= DType::kFloat16; }
inline bool is_integral(DType dtype) { return dtype >= DType::kUInt8 && dtype <= DType::kInt64; }
inline bool is_half(DType dtype) { return dtype == DType::kFloat16 || dtype == DType::kBFloat16; }
inline bool is_valid(DType dtype) { return dtype >= DType::kBool && dtype <= DType::kFloat64; }

// The smallest dtype that both promote to (PyTorch's torch.promote_types).
DType promote(DType a, DType b);
// PyTorch's torch.can_cast: never to a lower category.
inline bool can_cast(DType from, DType to) { return category_of(from) <= category_of(to); }
// The type in which the CPU computes on elements of `dtype`: half types compute in float.
inline DType compute_dtype(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16 ? DType::kFloat32 : dtype;
}

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::kBool;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::kUInt8;
};
template <>
struct DTypeOf<int8_t> {
  static constexpr DType value = DType::kInt8;
};
template <>
struct DTypeOf<int16_t> {
  static constexpr DType value = DType::kInt16;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType value = DType::kInt32;
};
template <>
struct DTypeOf<int64_t> {
  static constexpr DType value = DType::kInt64;
};
template <>
struct DTypeOf<Half> {
  static constexpr DType value = DType::kFloat16;
};
template <>
struct DTypeOf<BFloat16> {
  static constexpr DType value = DType::kBFloat16;
};
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::kFloat32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::kFloat64;
};
template <class T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

template <class T>
struct TypeTag {
  using type = T;
};

// Calls body(TypeTag<T>{}) for the C++ type of `dtype`.
template <class F>
decltype(auto) dispatch(DType dtype, F&& body) {
  switch (dtype) {
    case DType::kBool:
      return body(TypeTag<bool>{});
    case DType::kUInt8:
      return body(TypeTag<uint8_t>{});
    case DType::kInt8:
      return body(TypeTag<int8_t>{});
    case DType::kInt16:
      return body(TypeTag<int16_t>{});
    case DType::kInt32:
      return body(TypeTag<int32_t>{});
    case DType::kInt64:
      return body(TypeTag<int64_t>{});
    case DType::kFloat16:
      return body(TypeTag<Half>{});
    case DType::kBFloat16:
      return body(TypeTag<BFloat16>{});
    case DType::kFloat32:
      return body(TypeTag<float>{});
    case DType::kFloat64:
      return body(TypeTag<double>{});
    case DType::kUndefined:
      break;
  }
  fail(Status::kInternal, "dispatch on an undefined dtype");
}

// One element converted as PyTorch converts it (through float for the half types).
template <class To, class From>
LIBTENSOR_HOST_DEVICE inline To convert(From value) {
  constexpr bool from_half = std::is_same_v<From, Half> || std::is_same_v<From, BFloat16>;
  constexpr bool to_half = std::is_same_v<To, Half> || std::is_same_v<To, BFloat16>;
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (from_half) {
    return convert<To>(static_cast<float>(value));
  } else if constexpr (to_half) {
    return To(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> && sizeof(To) < 8) {
    // Out of range wraps or saturates as PyTorch's conversions on x86 do.
    using Wide = std::conditional_t<std::is_signed_v<To>, int32_t, int64_t>;
    return static_cast<To>(static_cast<Wide>(value));
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace libtensor
