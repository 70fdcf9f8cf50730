#include "core/device_runtime.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/fork.h"
#include "core/plugin.h"
#include "core/thread_local.h"

namespace libtensor {
namespace {

constexpr int kMaxDevices = 64;
LIBTENSOR_FAST_THREAD_LOCAL int16_t cuda_device = 0;
constinit std::atomic<bool> tf32{false};
constinit std::atomic<bool> at_once_checks{false};
// The devices of one kind.
struct Devices {
  std::atomic<DeviceRuntime*> opened[kMaxDevices];
  std::atomic<int> count;
  DeviceRuntime* (*open)(int index);
};
constinit Devices kinds[3] = {};

Devices& devices_of(DeviceType type) { return kinds[static_cast<int>(type)]; }

struct Opening {
  ForkSafeMutex mutex{LockLevel::kOpening};
};

// A device that has not been used yet.
[[gnu::noinline]] DeviceRuntime& open_runtime(Device device) {
  if (device.type == DeviceType::kCuda && device_count(device.type) == 0) open_cuda();
  const int count = device_count(device.type);
  check_as(Status::kUnavailable, device.index >= 0 && device.index < count,
           "CUDA error: invalid device ordinal: there is no ", device, ", but ", count,
           count == 1 ? " device" : " devices");
  const std::lock_guard lock(Eternal<Opening>::get().mutex);
  if (DeviceRuntime* const runtime = opened_runtime(device)) return *runtime;  // by another thread
  DeviceRuntime* const runtime = devices_of(device.type).open(device.index);
  register_runtime(device, runtime);
  return *runtime;
}

}  // namespace

DeviceRuntime* opened_runtime(Device device) noexcept {
  if (static_cast<uint16_t>(device.index) >= kMaxDevices) [[unlikely]]
    return nullptr;
  return devices_of(device.type).opened[device.index].load(std::memory_order_acquire);
}

DeviceRuntime& runtime_for(Device device) {
  if (DeviceRuntime* const runtime = opened_runtime(device)) [[likely]]
    return *runtime;
  return open_runtime(device);
}

void register_runtime(Device device, DeviceRuntime* runtime) {
  Devices& devices = devices_of(device.type);
  devices.opened[device.index].store(runtime, std::memory_order_release);
  if (devices.count.load() <= device.index) devices.count.store(device.index + 1);
}

void register_devices(DeviceType type, int count, DeviceRuntime* (*open)(int index)) {
  Devices& devices = devices_of(type);
  devices.open = open;
  devices.count.store(std::min(count, kMaxDevices), std::memory_order_release);
}

bool tf32_allowed() noexcept { return tf32.load(std::memory_order_relaxed); }
void allow_tf32(bool allowed) noexcept { tf32.store(allowed, std::memory_order_relaxed); }
bool checks_at_once() noexcept { return at_once_checks.load(std::memory_order_relaxed); }
void check_at_once(bool at_once) noexcept {
  at_once_checks.store(at_once, std::memory_order_relaxed);
}

int current_cuda_device() { return cuda_device; }
void set_current_cuda_device(int index) {
  check_as(Status::kUnavailable, index >= 0 && index < kMaxDevices,
           "CUDA error: invalid device ordinal: ", index);
  const Device device{DeviceType::kCuda, static_cast<int16_t>(index)};
  runtime_for(device);
  cuda_device = device.index;
}

int device_count(DeviceType type) { return devices_of(type).count.load(std::memory_order_acquire); }

}  // namespace libtensor
