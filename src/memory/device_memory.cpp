#include "memory/device_memory.h"

#include <array>
#include <atomic>
#include <utility>

#include "core/backend.h"
#include "core/plugin.h"
#include "memory/host_memory.h"

namespace libtensor::memory {
namespace {

constexpr int kMaxDevices = 64;

// Of CUDA devices, by index.
constinit std::array<std::atomic<CachingAllocator*>, kMaxDevices> allocators{};
constinit std::atomic<CachingAllocator*> pinned{nullptr};

Allocator& make_allocator(Device device, std::unique_ptr<MemoryProvider> provider) {
  check(device.type == DeviceType::kCuda && device.index >= 0 && device.index < kMaxDevices,
        "no allocator can be made for ", device.name());
  auto* const made = new CachingAllocator(std::move(provider), device.name());
  allocators[device.index].store(made);
  return *made;
}

Allocator& make_pinned_allocator(std::unique_ptr<MemoryProvider> provider) {
  auto* const made = new CachingAllocator(std::move(provider), "pinned");
  pinned.store(made);
  return *made;
}

[[maybe_unused]] const bool offered = [] {
  plugin_host.make_allocator = make_allocator;
  plugin_host.make_pinned_allocator = make_pinned_allocator;
  return true;
}();

}  // namespace

CachingAllocator& allocator_of(Device device) {
  if (device.is_cpu()) return host_allocator();
  backend_for(device);  // throws where there is no such device
  return *allocators[device.index].load();
}

CachingAllocator* pinned_allocator() { return pinned.load(); }

}  // namespace libtensor::memory
