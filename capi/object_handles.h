// The handles of everything that is no tensor: graph nodes, hooks, tokens. Made as those of tensors
// are (handles.h), with a tag for each kind of object; behind one mutex, since none of them is on a
// hot path.
#pragma once

#include <memory>
#include <string>

#include "core/error.h"
#include "tensor/types.h"

namespace libtensor::capi {

// The first byte of a handle of each kind. Numbers stay: programs are compiled against none of
// them, but a stray handle of another version must not pass for a kind that it is not.
enum class ObjectTag : uint8_t {
  kNode = 0x52,
  kHook = 0x53,
  kCancel = 0x54,
  kFunction = 0x55,
  kVjp = 0x56,
  kStream = 0x57,
  kEvent = 0x58,
  kGenerator = 0x59,
};

// What the handles of a C type stand for. A file that hands objects out says it once:
//   template <> struct ObjectKind<tensor_node_t> {
//     using Value = Ref<autograd::Node>;
//     static constexpr ObjectTag kTag = ObjectTag::kNode;
//     static constexpr const char* kName = "graph node";
//   };
template <class Handle>
struct ObjectKind;

// Of any 64 bits: what kind of live object they name, or nullptr.
const char* object_kind_name(uint64_t handle);

namespace detail {

uint64_t new_object(ObjectTag tag, const char* name, std::shared_ptr<void> value);
std::shared_ptr<void> find_object(ObjectTag tag, uint64_t handle);
std::shared_ptr<void> take_object(ObjectTag tag, uint64_t handle);
[[noreturn, gnu::cold]] void refuse_object(uint64_t handle, const char* argument,
                                           const char* expected);

}  // namespace detail

// A new handle, which counts in tensor_live_handles and which no scope releases. Throws
// std::bad_alloc.
template <class Handle>
Handle* new_object_handle(typename ObjectKind<Handle>::Value value) {
  using Kind = ObjectKind<Handle>;
  auto shared = std::make_shared<typename Kind::Value>(std::move(value));
  return reinterpret_cast<Handle*>(detail::new_object(Kind::kTag, Kind::kName, std::move(shared)));
}

// The object behind a handle, which lives while the result does even if the handle is released
// meanwhile. Refuses all else, naming the argument.
template <class Handle>
std::shared_ptr<typename ObjectKind<Handle>::Value> object_of(const Handle* handle,
                                                              const char* argument) {
  using Kind = ObjectKind<Handle>;
  const uint64_t value = reinterpret_cast<uint64_t>(handle);
  std::shared_ptr<void> found = detail::find_object(Kind::kTag, value);
  if (!found) detail::refuse_object(value, argument, Kind::kName);
  return std::static_pointer_cast<typename Kind::Value>(std::move(found));
}

// Takes the handle out of the table; the object goes with the result. NULL gives nothing.
template <class Handle>
std::shared_ptr<typename ObjectKind<Handle>::Value> release_object(Handle* handle,
                                                                   const char* argument) {
  using Kind = ObjectKind<Handle>;
  if (!handle) return nullptr;
  const uint64_t value = reinterpret_cast<uint64_t>(handle);
  std::shared_ptr<void> found = detail::take_object(Kind::kTag, value);
  if (!found) detail::refuse_object(value, argument, Kind::kName);
  return std::static_pointer_cast<typename Kind::Value>(std::move(found));
}

size_t live_objects();

}  // namespace libtensor::capi
