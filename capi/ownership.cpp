#include "tensor/ownership.h"

#include <algorithm>

#include "arguments.h"
#include "autograd/ownership.h"
#include "autograd/tensor_extra.h"
#include "callback.h"
#include "firewall.h"
#include "function_handle.h"
#include "hook_handle.h"
#include "node_handle.h"

using namespace libtensor;
using namespace libtensor::capi;

static_assert(sizeof(tensor_ownership_t) == 24);

namespace {

using autograd::HeldObject;

template <class Handle>
auto find(uint64_t handle) {
  return detail::find_object(ObjectKind<Handle>::kTag, handle);
}

template <class Handle>
auto* object_at(const std::shared_ptr<void>& found) {
  return static_cast<typename ObjectKind<Handle>::Value*>(found.get())->get();
}

HeldObject object_of_any(uint64_t handle) {
  HeldObject result;
  if (const Slot* slot = find_slot(reinterpret_cast<const tensor_t*>(handle))) {
    result.tensor = slot->tensor.impl();
  } else if (const auto node = find<tensor_node_t>(handle)) {
    result.node = object_at<tensor_node_t>(node);
  } else if (const auto function = find<tensor_function_t>(handle)) {
    result.node = object_at<tensor_function_t>(function);
  } else if (const auto hook = find<tensor_hook_t>(handle)) {
    result.hook = object_at<tensor_hook_t>(hook);
  }
  return result;
}

std::vector<tensor_ownership_t> entries_of(const autograd::Ownership& found) {
  std::vector<tensor_ownership_t> entries;
  for (const auto& one : found.handles)
    entries.push_back({TENSOR_OWNERSHIP_HANDLE, one.from, one.to});
  for (const auto& one : found.objects)
    entries.push_back({TENSOR_OWNERSHIP_OBJECT, one.from, one.to});
  for (const auto& one : found.users)
    entries.push_back({TENSOR_OWNERSHIP_USER, one.from, reinterpret_cast<uintptr_t>(one.user)});
  for (const size_t object : found.others) entries.push_back({TENSOR_OWNERSHIP_OTHER, 0, object});
  return entries;
}

}  // namespace

tensor_status_t tensor_ownership(const uint64_t* handles, size_t handle_count,
                                 void (*destroy)(void* user), tensor_ownership_t* entries,
                                 size_t capacity, size_t* count) {
  return guard([&] {
    check(handles != nullptr || handle_count == 0, "handles must not be NULL");
    check_count(handle_count, "handles");
    check(destroy != nullptr, "destroy must not be NULL");
    check_room(entries, capacity, "entries");
    check_result(count, "count");
    free_delayed();
    std::vector<HeldObject> objects;
    objects.reserve(handle_count);
    for (size_t i = 0; i < handle_count; ++i) objects.push_back(object_of_any(handles[i]));
    const auto found = entries_of(autograd::ownership_below(objects, destroy));
    std::copy_n(found.begin(), std::min(capacity, found.size()), entries);
    *count = found.size();
  });
}

tensor_status_t tensor_id(const tensor_t* t, uint64_t* out) {
  return guard([&] {
    check_result(out, "out");
    *out = reinterpret_cast<uintptr_t>(tensor_of(t, "t").impl());
  });
}

tensor_status_t tensor_is_shared(const tensor_t* t, bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = tensor_of(t, "t").impl()->use_count() > 1;
  });
}

tensor_status_t tensor_set_companion(tensor_t* t, void* user, void (*destroy)(void* user)) {
  return guard([&] {
    autograd::OwnedUserData companion({user, destroy}, call_destroy);
    const Tensor keeper = tensor_of(t, "t");  // what is let go of may release the handle
    autograd::set_companion(keeper, std::move(companion));
  });
}

tensor_status_t tensor_collect_cycles(size_t* count) {
  return guard([&] {
    check_result(count, "count");
    free_delayed();
    *count = autograd::collect_gradient_cycles();
  });
}
