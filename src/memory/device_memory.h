// The allocator of each device.
#pragma once

#include <memory>

#include "core/device.h"
#include "memory/caching_allocator.h"
#include "memory/replaceable_provider.h"

namespace libtensor::memory {

// Throws Error(kUnavailable) for a device that no backend has brought.
CachingAllocator& allocator_of(Device device);
// The device's memory comes from here from now on; nullptr: from the system, or the driver.
void replace_source(Device device, std::shared_ptr<Source> source);
// Of the host's memory that devices can reach; nullptr where there is none.
CachingAllocator* pinned_allocator();

}  // namespace libtensor::memory
