#include "object_handles.h"

#include <mutex>
#include <new>
#include <vector>

#include "core/fork.h"
#include "handles.h"

namespace libtensor::capi {
namespace {

constexpr uint64_t kIndexMask = (uint64_t{1} << kIndexBits) - 1;

struct Entry {
  uint64_t handle = 0;  // 0 while it is free
  uint64_t next_generation = 0;
  const char* name = nullptr;
  std::shared_ptr<void> value;
};

struct Table {
  ForkSafeMutex mutex{LockLevel::kHandles};
  std::vector<Entry> entries;
  std::vector<uint32_t> free;
  size_t live = 0;

  // Objects that nobody has given back are lost: their ends might call the host.
  ~Table() {
    for (Entry& entry : entries) {
      if (entry.value) new (&entry.value) std::shared_ptr<void>();
    }
  }
};
Table& table() { return Eternal<Table>::get(); }

Entry* find(Table& objects, uint64_t handle) {
  const size_t index = handle >> 1 & kIndexMask;
  if (handle == 0 || index >= objects.entries.size()) return nullptr;
  Entry& entry = objects.entries[index];
  return entry.handle == handle ? &entry : nullptr;
}

bool has_tag(uint64_t handle, ObjectTag tag) { return handle >> 56 == static_cast<uint64_t>(tag); }

}  // namespace

const char* object_kind_name(uint64_t handle) {
  std::lock_guard lock(table().mutex);
  const Entry* entry = find(table(), handle);
  return entry ? entry->name : nullptr;
}

size_t live_objects() {
  std::lock_guard lock(table().mutex);
  return table().live;
}

namespace detail {

uint64_t new_object(ObjectTag tag, const char* name, std::shared_ptr<void> value) {
  Table& objects = table();
  std::lock_guard lock(objects.mutex);
  if (objects.free.empty()) {
    if (objects.entries.size() > kIndexMask) throw std::bad_alloc();
    objects.free.reserve(objects.entries.size() + 1);  // so that a release cannot fail
    objects.entries.emplace_back().next_generation = first_generation;
    objects.free.push_back(static_cast<uint32_t>(objects.entries.size() - 1));
  }
  const uint32_t index = objects.free.back();
  objects.free.pop_back();
  ++objects.live;
  Entry& entry = objects.entries[index];
  entry.handle = static_cast<uint64_t>(tag) << 56 | entry.next_generation << (kIndexBits + 1) |
                 uint64_t{index} << 1 | 1;
  entry.name = name;
  entry.value = std::move(value);
  return entry.handle;
}

std::shared_ptr<void> find_object(ObjectTag tag, uint64_t handle) {
  if (!has_tag(handle, tag)) return nullptr;
  std::lock_guard lock(table().mutex);
  const Entry* entry = find(table(), handle);
  return entry ? entry->value : nullptr;
}

std::shared_ptr<void> take_object(ObjectTag tag, uint64_t handle) {
  if (!has_tag(handle, tag)) return nullptr;
  Table& objects = table();
  std::lock_guard lock(objects.mutex);
  Entry* entry = find(objects, handle);
  if (!entry) return nullptr;
  entry->handle = 0;
  entry->next_generation = next_generation(handle);
  --objects.live;
  if (!is_used_up(handle))
    objects.free.push_back(static_cast<uint32_t>(entry - objects.entries.data()));
  return std::move(entry->value);
}

void refuse_object(uint64_t handle, const char* argument, const char* expected) {
  if (handle == 0) fail(Status::kInvalidHandle, argument, " must not be NULL");
  const char* other =
      find_slot(reinterpret_cast<const tensor_t*>(handle)) ? "tensor" : object_kind_name(handle);
  if (other) {
    fail(Status::kInvalidHandle, argument, " is the handle of a ", other, ", not of a ", expected);
  }
  fail(Status::kInvalidHandle, argument, " is not a live ", expected,
       " handle: it was released, or is not from this library");
}

}  // namespace detail
}  // namespace libtensor::capi
