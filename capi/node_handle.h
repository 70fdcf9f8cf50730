// Handles of graph nodes.
#pragma once

#include "autograd/node.h"
#include "object_handles.h"
#include "tensor/node.h"

namespace libtensor::capi {

template <>
struct ObjectKind<tensor_node_t> {
  using Value = Ref<autograd::Node>;
  static constexpr ObjectTag kTag = ObjectTag::kNode;
  static constexpr const char* kName = "graph node";
};

// The node stays alive as long as the result.
inline Ref<autograd::Node> node_of(const tensor_node_t* handle, const char* argument) {
  return *object_of(handle, argument);
}

// No node, no handle.
inline tensor_node_t* new_node_handle(Ref<autograd::Node> node) {
  return node ? new_object_handle<tensor_node_t>(std::move(node)) : nullptr;
}

}  // namespace libtensor::capi
