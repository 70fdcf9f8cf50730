// What the fuzzer holds: handles of every kind in numbered slots, the scopes that are open, the
// callbacks that it gave away, and how many handles there must be.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fuzz/choices.h"
#include "fuzz/snapshot.h"

namespace test {

enum Kind : uint8_t { kTensor, kNode, kHook, kFunction, kCancel, kVjp, kStream, kEvent, kKinds };

// How a handle's type is called, and given back.
template <class Handle>
struct KindOf;
template <>
struct KindOf<tensor_t> {
  static constexpr Kind kind = kTensor;
};
template <>
struct KindOf<tensor_node_t> {
  static constexpr Kind kind = kNode;
};
template <>
struct KindOf<tensor_hook_t> {
  static constexpr Kind kind = kHook;
};
template <>
struct KindOf<tensor_function_t> {
  static constexpr Kind kind = kFunction;
};
template <>
struct KindOf<tensor_cancel_t> {
  static constexpr Kind kind = kCancel;
};
template <>
struct KindOf<tensor_vjp_t> {
  static constexpr Kind kind = kVjp;
};
template <>
struct KindOf<tensor_stream_t> {
  static constexpr Kind kind = kStream;
};
template <>
struct KindOf<tensor_event_t> {
  static constexpr Kind kind = kEvent;
};
tensor_status_t release(Kind kind, void* handle);
bool same_tensor(const void* a, const void* b);  // false where one is none

struct Slot {
  void* handle = nullptr;
  size_t level = 0;       // how many scopes were open when it came
  bool gradient = false;  // backward may add to it
  Snapshot seen;          // of a tensor
};

class World;
// A callback that was given to the library.
struct Registration {
  enum Rule { kOnce, kOnSuccess, kAtMostOnce };  // when destroy must be called
  World* world;                                  // null where that is gone
  uint64_t seed;
  Rule rule;
  bool has_destroy = false, succeeded = false;
  int runs = 0, destroyed = 0;
  tensor_device_t device = {TENSOR_CPU, 0};  // that was drawn with it
};

// Texts that are fine as tags of memory.
inline constexpr const char* kTags[] = {"name", "%s%n", "a\"<&>\n", "\xff\xfe"};

struct Settings {
  tensor_device_t device = {TENSOR_CPU, 0};
  bool alone = true;      // no other thread calls the library
  bool thorough = false;  // every tensor is looked at after each call
  bool trace = false;     // every call is printed
};

// Memory of the emulated device; null where that is none.
void* cuda_memory(uint64_t bytes);

// So that a large result is refused, not filled.
void limit_memory(tensor_device_t device);
// The device's settings are as at first, but for the limit.
void reset_memory(tensor_device_t device);

class World {
 public:
  explicit World(const Settings& chosen) : settings(chosen) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void begin();
  // What the emulated device has to say until now.
  void check_device();
  // Gives everything back, and looks whether it is gone.
  void end();

  // The first thing that was wrong; nothing is called after it.
  void fail(const std::string& what, const std::string& detail = "");
  bool failed() const { return !failure.empty(); }

  Slot& slot(Kind kind, uint64_t number) {
    return kind == kTensor ? tensors[number % kTensors] : others[kind - 1][number % kOthers];
  }
  Slot* find(const void* handle);  // one that holds it
  Slot* find(Kind kind, const void* handle);
  // Takes a snapshot; what lies over the fuzzer's own memory is all of one storage.
  Snapshot look_at(const void* t, std::string& wrong) const;
  const char* storage(const char* begin) const;
  // kArena bytes that tensors can be made over; null where there is none such on the device.
  unsigned char* memory_on(tensor_device_t device);
  // Takes a new handle into a slot, which gives up what it had.
  void keep(Kind kind, void* handle, uint64_t number, size_t level);
  void empty(Kind kind, Slot& slot);
  // The handle is gone: released by a call, or by a scope.
  void forget(Kind kind, Slot& slot);
  void forget_above(size_t level);
  void close_scope(tensor_t* const* keep, size_t count);
  void* dead(Kind kind, uint64_t number) const { return graveyard[kind][number % kGraves]; }
  Registration* registration(Registration::Rule rule);

  static constexpr size_t kTensors = 12, kOthers = 4, kGraves = 4;
  const Settings settings;
  std::string failure, calls;  // what was wrong; the calls, where they are traced
  Slot tensors[kTensors], others[kKinds - 1][kOthers];
  void* graveyard[kKinds][kGraves] = {};
  size_t graves = 0;
  std::vector<std::unique_ptr<Registration>> registrations;
  size_t held = 0;                    // handles
  size_t scopes = 0, floor = 0;       // open ones, and those that a callback may not close
  size_t hooks = 0;                   // pushed hooks of saved tensors
  int destroying = 0;                 // calls of destroy, which may not close what others opened
  mutable bool looking = false;       // at a tensor, which may not go meanwhile
  bool calling = false;               // a drawn call runs: what warns else is the fuzzer's own
  bool ending = false;                // callbacks make no calls any more
  int depth = 0;                      // calls within callbacks within calls
  bool data_was_set = false;          // what shares a history need not share memory
  bool has_overlaps = false;          // a tensor with elements that are one
  bool has_streams = false;           // not only the default one was current
  bool may_have_cycles = false;       // a tensor may be kept by its own gradient
  std::vector<const void*> changing;  // by the calls that run
  // What calls within callbacks may have changed.
  std::vector<const void*> changed;
  std::vector<const char*> changed_storages;
  bool ran_backward = false;
  std::vector<const tensor_t*> borrowed;  // by the callbacks that run
  std::vector<const tensor_t*> shared;    // with other threads, only to be read
  uint64_t called = 0, succeeded = 0;
  static constexpr size_t kArena = 4096;
  alignas(64) unsigned char arena[kArena];  // of tensors over the fuzzer's own memory

 private:
  unsigned char* cuda_arena() const;
  void reset();
  void end_handles();
  void end_callbacks();
  void let_callbacks_live();
  size_t live_before_ = 0;
  uint64_t allocated_before_ = 0;

 public:
  bool counts_agree() const { return tensor_live_handles() == live_before_ + held; }
  size_t live_expected() const { return live_before_ + held; }
};

}  // namespace test
