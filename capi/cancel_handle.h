// Handles of requests to stop a backward pass.
#pragma once

#include <memory>

#include "autograd/cancel.h"
#include "object_handles.h"
#include "tensor/autograd.h"

namespace libtensor::capi {

template <>
struct ObjectKind<tensor_cancel_t> {
  using Value = std::shared_ptr<autograd::CancelToken>;
  static constexpr ObjectTag kTag = ObjectTag::kCancel;
  static constexpr const char* kName = "cancel token";
};

}  // namespace libtensor::capi
