#include "core/backend.h"

#include <atomic>

#include "core/plugin.h"
#include "core/thread_local.h"

namespace libtensor {
namespace {

constexpr int kMaxDevices = 64;
LIBTENSOR_FAST_THREAD_LOCAL int16_t cuda_device = 0;
constinit std::atomic<bool> tf32{false};
constinit Backend* backends[3][kMaxDevices] = {};

// A device that no backend has answered for yet.
[[gnu::noinline]] Backend& open_backend(Device device) {
  if (device.type == DeviceType::kCuda && device_count(device.type) == 0) open_cuda();
  const int count = device_count(device.type);
  check_as(Status::kUnavailable, device.index >= 0 && device.index < count,
           "CUDA error: invalid device ordinal: there is no ", device.name(), ", but ", count,
           count == 1 ? " device" : " devices");
  return *backends[static_cast<int>(device.type)][device.index];
}

}  // namespace

Backend& backend_for(Device device) {
  if (static_cast<uint16_t>(device.index) < kMaxDevices) [[likely]] {
    if (Backend* backend = backends[static_cast<int>(device.type)][device.index]) [[likely]]
      return *backend;
  }
  return open_backend(device);
}

void register_backend(Device device, Backend* backend) {
  check(device.index >= 0 && device.index < kMaxDevices, "more than ", kMaxDevices, " devices");
  backends[static_cast<int>(device.type)][device.index] = backend;
}

bool tf32_allowed() noexcept { return tf32.load(std::memory_order_relaxed); }
void allow_tf32(bool allowed) noexcept { tf32.store(allowed, std::memory_order_relaxed); }

int current_cuda_device() { return cuda_device; }
void set_current_cuda_device(int index) {
  check_as(Status::kUnavailable, index >= 0 && index < kMaxDevices,
           "CUDA error: invalid device ordinal: ", index);
  const Device device{DeviceType::kCuda, static_cast<int16_t>(index)};
  backend_for(device);
  cuda_device = device.index;
}

int device_count(DeviceType type) {
  int count = 0;
  while (count < kMaxDevices && backends[static_cast<int>(type)][count]) ++count;
  return count;
}

}  // namespace libtensor
