// The allocator of each device.
#pragma once

#include <memory>

#include "core/device.h"
#include "memory/caching_allocator.h"

namespace libtensor::memory {

// Throws Error(kUnavailable) for a device that no backend has brought.
CachingAllocator& allocator_of(Device device);

// Called by a backend for each of its devices, once: makes the device's allocator, which lives as
// long as the process.
CachingAllocator& make_allocator(Device device, std::unique_ptr<MemoryProvider> provider);

}  // namespace libtensor::memory
