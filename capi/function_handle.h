// Handles of custom functions.
#pragma once

#include "autograd/custom_function.h"
#include "object_handles.h"
#include "tensor/function.h"

namespace libtensor::capi {

template <>
struct ObjectKind<tensor_function_t> {
  using Value = Ref<autograd::CustomFunction>;
  static constexpr ObjectTag kTag = ObjectTag::kFunction;
  static constexpr const char* kName = "function";
};

}  // namespace libtensor::capi
