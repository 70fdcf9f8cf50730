// How elements are read and written by kernels.
#pragma once

#include <device_language.h>

#include "core/dtype.h"
#include "core/host_device.h"

namespace libtensor::cuda {

// Half types compute in float.
template <class S>
using ComputeOf =
    std::conditional_t<std::is_same_v<S, Half> || std::is_same_v<S, BFloat16>, float, S>;

// What lies in memory. A bool may come from anywhere: any byte but 0 is true.
template <class S>
using Stored = std::conditional_t<std::is_same_v<S, bool>, uint8_t, S>;

template <class S, class C>
LIBTENSOR_INLINE Stored<S> to_stored(C value) {
  return convert<Stored<S>>(convert<S>(value));
}

// Out of range, a floating number becomes what the device's own instruction makes of it: see
// docs/cuda.md. The narrow types are the low bits of a wider one, as in PyTorch.
template <class To, class From>
__device__ To convert_number(From value) {
  constexpr bool kFloating = is_floating(dtype_of<From>);
  if constexpr (kFloating && std::is_integral_v<To> && !std::is_same_v<To, bool>) {
    using Real = std::conditional_t<std::is_same_v<From, double>, double, float>;
    using Wide = std::conditional_t<std::is_signed_v<To> && sizeof(To) < 8, int32_t, int64_t>;
    return static_cast<To>(to_integer<Wide>(static_cast<Real>(value)));
  } else {
    return convert<To>(value);
  }
}

template <class C, class S>
__device__ C load_one(const void* data, int64_t at) {
  if constexpr (std::is_same_v<S, bool>)
    return convert<C>(static_cast<const uint8_t*>(data)[at] != 0);
  else
    return convert_number<C>(static_cast<const S*>(data)[at]);
}

// The element of a tensor whose dtype is known only when the kernel runs.
template <class C>
__device__ C load_as(const void* data, DType dtype, int64_t at) {
  switch (dtype) {
    case DType::kBool:
      return load_one<C, bool>(data, at);
    case DType::kUInt8:
      return load_one<C, uint8_t>(data, at);
    case DType::kInt8:
      return load_one<C, int8_t>(data, at);
    case DType::kInt16:
      return load_one<C, int16_t>(data, at);
    case DType::kInt32:
      return load_one<C, int32_t>(data, at);
    case DType::kInt64:
      return load_one<C, int64_t>(data, at);
    case DType::kFloat16:
      return load_one<C, Half>(data, at);
    case DType::kBFloat16:
      return load_one<C, BFloat16>(data, at);
    case DType::kFloat32:
      return load_one<C, float>(data, at);
    default:
      return load_one<C, double>(data, at);
  }
}

template <class C>
__device__ void store_as(void* data, DType dtype, int64_t at, C value) {
  switch (dtype) {
    case DType::kBool:
      static_cast<uint8_t*>(data)[at] = convert_number<bool>(value);
      break;
    case DType::kUInt8:
      static_cast<uint8_t*>(data)[at] = convert_number<uint8_t>(value);
      break;
    case DType::kInt8:
      static_cast<int8_t*>(data)[at] = convert_number<int8_t>(value);
      break;
    case DType::kInt16:
      static_cast<int16_t*>(data)[at] = convert_number<int16_t>(value);
      break;
    case DType::kInt32:
      static_cast<int32_t*>(data)[at] = convert_number<int32_t>(value);
      break;
    case DType::kInt64:
      static_cast<int64_t*>(data)[at] = convert_number<int64_t>(value);
      break;
    case DType::kFloat16:
      static_cast<Half*>(data)[at] = convert_number<Half>(value);
      break;
    case DType::kBFloat16:
      static_cast<BFloat16*>(data)[at] = convert_number<BFloat16>(value);
      break;
    case DType::kFloat32:
      static_cast<float*>(data)[at] = convert_number<float>(value);
      break;
    default:
      static_cast<double*>(data)[at] = convert_number<double>(value);
  }
}

// Elements that are read or written in one instruction.
template <class T, int kCount>
struct alignas(sizeof(T) * kCount) Vector {
  T values[kCount];
};

// Calls body(TypeTag) for the type that a kernel moves elements of this size as.
template <class F>
void dispatch_size(size_t bytes, F body) {
  switch (bytes) {
    case 1:
      return body(TypeTag<uint8_t>{});
    case 2:
      return body(TypeTag<uint16_t>{});
    case 4:
      return body(TypeTag<uint32_t>{});
    default:
      return body(TypeTag<uint64_t>{});
  }
}

// Calls body(TypeTag) for a floating dtype.
template <class F>
void dispatch_floating(DType dtype, F body) {
  switch (dtype) {
    case DType::kFloat16:
      return body(TypeTag<Half>{});
    case DType::kBFloat16:
      return body(TypeTag<BFloat16>{});
    case DType::kFloat32:
      return body(TypeTag<float>{});
    default:
      return body(TypeTag<double>{});
  }
}

}  // namespace libtensor::cuda
