// The argument types that operations share.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "autograd/node.h"
#include "core/generated/enums.h"
#include "core/scalar.h"
#include "core/tensor.h"

namespace libtensor::ops {

// How to make a tensor; what is undefined is left to the operation.
struct Options {
  DType dtype = DType::kUndefined;
  Device device{DeviceType::kUndefined, 0};
  bool requires_grad = false;

  DType dtype_or(DType other) const { return dtype == DType::kUndefined ? other : dtype; }
  Device device_or(Device other) const {
    return device.type == DeviceType::kUndefined ? other : device;
  }
};

// What a result will be.
struct ResultMeta {
  Dims shape;
  DType dtype;
  Device device;
};

inline bool requires_grad(const Tensor& tensor) {
  return tensor.defined() && tensor.requires_grad();
}
inline bool requires_grad(std::span<const Tensor> tensors) {
  for (const Tensor& tensor : tensors) {
    if (requires_grad(tensor)) return true;
  }
  return false;
}
// The options that make a tensor like `tensor`.
inline Options options_of(const Tensor& tensor) { return {tensor.dtype(), tensor.device(), false}; }

}  // namespace libtensor::ops
