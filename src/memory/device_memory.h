// The allocator of each device.
#pragma once

#include "core/device.h"
#include "memory/caching_allocator.h"

namespace libtensor::memory {

// Throws Error(kUnavailable) for a device that no backend has brought.
CachingAllocator& allocator_of(Device device);
// Of the host's memory that devices can reach; nullptr where there is none.
CachingAllocator* pinned_allocator();

}  // namespace libtensor::memory
