#include "fuzz/world.h"

#include <algorithm>
#include <cstring>

#include "support/emulator.h"

namespace test {
namespace {

constexpr uint64_t kBudget = 8 << 20;  // a large result is refused, not filled

uint64_t allocated(tensor_device_t device) {
  tensor_memory_stats_t stats = {};
  stats.struct_size = sizeof(stats);
  return tensor_memory_stats(device, &stats) == TENSOR_OK ? stats.allocated : 0;
}

}  // namespace

void* cuda_memory(uint64_t bytes) { return emulator() ? emulator()->allocate(bytes) : nullptr; }

void limit_memory(tensor_device_t device) {
  tensor_memory_stats_t stats = {};
  stats.struct_size = sizeof(stats);
  tensor_memory_stats(device, &stats);
  tensor_memory_set_budget(device, stats.allocated + kBudget);
}

tensor_status_t release(Kind kind, void* handle) {
  switch (kind) {
    case kTensor:
      return tensor_release(static_cast<tensor_t*>(handle));
    case kNode:
      return tensor_node_release(static_cast<tensor_node_t*>(handle));
    case kHook:
      return tensor_hook_release(static_cast<tensor_hook_t*>(handle));
    case kFunction:
      return tensor_function_release(static_cast<tensor_function_t*>(handle));
    case kCancel:
      return tensor_cancel_release(static_cast<tensor_cancel_t*>(handle));
    case kVjp:
      return tensor_vjp_release(static_cast<tensor_vjp_t*>(handle));
    case kStream:
      return tensor_stream_release(static_cast<tensor_stream_t*>(handle));
    default:
      return tensor_event_release(static_cast<tensor_event_t*>(handle));
  }
}

bool same_tensor(const void* a, const void* b) {
  bool same = false;
  return tensor_is_same(static_cast<const tensor_t*>(a), static_cast<const tensor_t*>(b), &same) ==
             TENSOR_OK &&
         same;
}

void World::fail(const std::string& what, const std::string& detail) {
  if (failure.empty()) failure = what + (detail.empty() ? "" : ": " + detail);
}

Slot* World::find(Kind kind, const void* handle) {
  const size_t count = kind == kTensor ? kTensors : kOthers;
  for (size_t i = 0; handle && i < count; ++i) {
    if (slot(kind, i).handle == handle) return &slot(kind, i);
  }
  return nullptr;
}

Slot* World::find(const void* handle) {
  for (int kind = 0; kind < kKinds; ++kind) {
    if (Slot* const found = find(static_cast<Kind>(kind), handle)) return found;
  }
  return nullptr;
}

void World::forget(Kind kind, Slot& slot) {
  if (!slot.handle) return;
  graveyard[kind][graves++ % kGraves] = slot.handle;
  slot = Slot{};
  --held;
}

void World::empty(Kind kind, Slot& slot) {
  if (!slot.handle) return;
  void* const handle = slot.handle;
  forget(kind, slot);
  if (release(kind, handle) != TENSOR_OK)
    fail("a live handle is not released", tensor_last_error());
}

void World::keep(Kind kind, void* handle, uint64_t number, size_t level) {
  Slot& kept = slot(kind, number);
  // Another handle of what a call around is about to change, whose own may be gone after it.
  if (kind == kTensor && std::any_of(changing.begin(), changing.end(), [&](const void* other) {
        return same_tensor(other, handle);
      })) {
    changed.push_back(handle);
  }
  empty(kind, kept);
  if (kept.handle) empty(kind, kept);  // what a destroy callback put there meanwhile
  kept.handle = handle;
  kept.level = kind == kTensor ? level : 0;
  kept.gradient = depth > 0;
  ++held;
  if (kind != kTensor) return;
  std::string wrong;
  kept.seen = look_at(handle, wrong);
  has_overlaps |= kept.seen.may_overlap();
  if (!wrong.empty()) fail("a result is wrong", wrong);
}

Snapshot World::look_at(const void* t, std::string& wrong) const {
  looking = true;
  Snapshot seen = look(static_cast<const tensor_t*>(t), wrong);
  looking = false;
  seen.storage = storage(seen.storage);
  return seen;
}

const char* World::storage(const char* begin) const {
  const unsigned char* const mine[] = {arena, cuda_arena()};
  for (const unsigned char* memory : mine) {
    const auto* own = reinterpret_cast<const char*>(memory);
    if (own && begin >= own && begin <= own + kArena) return own;
  }
  return begin;
}

unsigned char* World::memory_on(tensor_device_t device) {
  if (device.type == TENSOR_CPU || device.type == 0) return arena;
  return device.index <= 0 ? cuda_arena() : nullptr;
}

// One for all worlds, which take turns.
unsigned char* World::cuda_arena() const {
  if (!settings.alone || settings.device.type != TENSOR_CUDA) return nullptr;
  static auto* const memory = static_cast<unsigned char*>(cuda_memory(kArena));
  return memory;
}

void World::forget_above(size_t level) {
  for (Slot& slot : tensors) {
    if (slot.handle && slot.level > level) forget(kTensor, slot);
  }
}

void World::close_scope(tensor_t* const* keep, size_t count) {
  for (Slot& slot : tensors) {
    if (!slot.handle || slot.level < scopes) continue;
    if (std::find(keep, keep + count, slot.handle) != keep + count) {
      --slot.level;
    } else {
      forget(kTensor, slot);
    }
  }
  --scopes;
}

Registration* World::registration(Registration::Rule rule) {
  registrations.push_back(std::make_unique<Registration>(Registration{this, 0, rule}));
  return registrations.back().get();
}

// Lets go of tensors that kept themselves alive, and of what these held in their turn.
void collect_all_cycles() {
  for (size_t count = 1; count > 0;) {
    if (tensor_collect_cycles(&count) != TENSOR_OK) return;
  }
}

void World::begin() {
  reset();
  if (settings.alone) {
    collect_all_cycles();  // of the sequences before, which this one is not to find
    live_before_ = tensor_live_handles();
    allocated_before_ = allocated(settings.device);
  }
  for (size_t i = 0; i < sizeof(arena); ++i) arena[i] = static_cast<unsigned char>(i * 37 % 3);
}

void reset_memory(tensor_device_t device) {
  // A CUDA device's own memory, and what a provider gives in its place, have one each.
  tensor_memory_set_pressure_callback(device, nullptr, nullptr, nullptr);
  tensor_memory_set_provider(device, nullptr, nullptr, nullptr, nullptr);
  tensor_memory_set_pressure_callback(device, nullptr, nullptr, nullptr);
  for (const char* tag : kTags) tensor_memory_set_tag_budget(device, tag, UINT64_MAX);
  tensor_memory_history_record(device, 0);
  limit_memory(device);
}

void set_default_stream(tensor_device_t device) {
  tensor_stream_t* stream = nullptr;
  if (tensor_stream_default(device, &stream) != TENSOR_OK) return;
  tensor_stream_set_current(stream);
  tensor_stream_release(stream);
}

// The modes of this thread, and where it is alone the settings of the process.
void World::reset() {
  while (scopes > 0) {
    if (tensor_scope_pop(nullptr, 0) != TENSOR_OK) fail("a scope cannot be closed");
    forget_above(--scopes);
  }
  while (hooks > 0) {
    if (tensor_saved_tensors_hooks_pop() != TENSOR_OK) fail("hooks cannot be popped");
    --hooks;
  }
  tensor_saved_tensors_hooks_disable(nullptr);
  tensor_grad_enabled_set(true, nullptr);
  tensor_inference_mode_set(false, nullptr);
  tensor_memory_set_tag(nullptr);
  tensor_set_location(nullptr);
  if (!settings.alone) return;
  tensor_set_location_callback(nullptr, nullptr, nullptr);
  tensor_set_warning_callback(nullptr, nullptr, nullptr);
  reset_memory({TENSOR_CPU, 0});
  if (settings.device.type != TENSOR_CPU) {
    tensor_cuda_set_device(0);
    tensor_cuda_check_at_once(true);
    set_default_stream(settings.device);
    reset_memory(settings.device);
  }
  tensor_set_detect_anomaly(false, false);
  tensor_set_num_threads(1);
  tensor_cuda_allow_tf32(false);
  tensor_manual_seed(1);
}

void World::end_handles() {
  for (Slot& slot : tensors) {
    if (slot.handle) tensor_set_grad(static_cast<tensor_t*>(slot.handle), nullptr);
  }
  for (int kind = kKinds - 1; kind >= 0; --kind) {
    for (size_t i = 0; i < std::max(kTensors, kOthers); ++i) {
      empty(static_cast<Kind>(kind), slot(static_cast<Kind>(kind), i));
    }
  }
}

void World::end_callbacks() {
  for (const auto& registration : registrations) {
    const Registration& one = *registration;
    const bool wanted = one.rule == Registration::kOnce || one.succeeded;
    if (one.destroyed > 1) fail("destroy was called twice");
    if (!one.has_destroy || one.rule == Registration::kAtMostOnce) continue;
    if (wanted && one.destroyed == 0) fail("destroy was not called");
    if (!wanted && one.destroyed > 0) fail("destroy was called though the call failed");
  }
}

// What tensors that keep each other still hold may be called later.
void World::let_callbacks_live() {
  for (auto& registration : registrations) {
    registration->world = nullptr;
    if (registration->destroyed == 0) [[maybe_unused]]
      auto* const left = registration.release();
  }
}

// What the emulated device has seen that a real one would not forgive.
void World::check_device() {
  if (settings.device.type == TENSOR_CPU || !emulator()) return;
  const size_t count = emulator()->report_count();
  for (size_t i = 0; i < count; ++i) {
    char report[400] = "";
    emulator()->report(i, report, sizeof(report));
    // The sequence itself reads what tensor_empty gives, and writes elements that are one.
    const bool in_grid = std::strstr(report, "of the grid wrote");
    if (!std::strstr(report, "memory without a value is read") && !(in_grid && has_overlaps)) {
      fail("the device has something to report", report);
    }
  }
  emulator()->clear_reports();
}

void World::end() {
  if (failed()) return;
  ending = true;
  if (has_streams) tensor_device_synchronize(settings.device);
  reset();
  end_handles();
  if (failed()) return;
  if (!settings.alone) return let_callbacks_live();
  if (!counts_agree()) {
    fail("handles are left", std::to_string(tensor_live_handles()) + " live, " +
                                 std::to_string(live_expected()) + " expected");
  }
  if (may_have_cycles) return let_callbacks_live();
  tensor_memory_empty_cache({TENSOR_CPU, 0});
  tensor_memory_empty_cache(settings.device);
  end_callbacks();
  tensor_device_synchronize(settings.device);
  check_device();
  const uint64_t left = allocated(settings.device);
  if (left != allocated_before_) {
    fail("memory is left",
         std::to_string(left) + " bytes, before " + std::to_string(allocated_before_));
  }
}

}  // namespace test
