#include "memory/device_memory.h"

#include <array>
#include <atomic>
#include <utility>

#include "core/error.h"
#include "memory/host_memory.h"

namespace libtensor::memory {
namespace {

constexpr int kMaxDevices = 64;

// Of CUDA devices, by index.
constinit std::array<std::atomic<CachingAllocator*>, kMaxDevices> allocators{};

}  // namespace

CachingAllocator& allocator_of(Device device) {
  if (device.is_cpu()) return host_allocator();
  const bool known =
      device.type == DeviceType::kCuda && device.index >= 0 && device.index < kMaxDevices;
  CachingAllocator* const found = known ? allocators[device.index].load() : nullptr;
  check_as(Status::kUnavailable, found != nullptr, "there is no device ", device.name());
  return *found;
}

CachingAllocator& make_allocator(Device device, std::unique_ptr<MemoryProvider> provider) {
  check(device.type == DeviceType::kCuda && device.index >= 0 && device.index < kMaxDevices,
        "no allocator can be made for ", device.name());
  auto fresh = std::make_unique<CachingAllocator>(std::move(provider), device.name());
  CachingAllocator* expected = nullptr;
  check(allocators[device.index].compare_exchange_strong(expected, fresh.get()), device.name(),
        " has an allocator already");
  return *fresh.release();
}

}  // namespace libtensor::memory
