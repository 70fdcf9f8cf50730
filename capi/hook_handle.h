// Handles of hooks.
#pragma once

#include "autograd/hooks.h"
#include "object_handles.h"
#include "tensor/hooks.h"

namespace libtensor::capi {

template <>
struct ObjectKind<tensor_hook_t> {
  using Value = Ref<autograd::Hook>;
  static constexpr ObjectTag kTag = ObjectTag::kHook;
  static constexpr const char* kName = "hook";
};

}  // namespace libtensor::capi
