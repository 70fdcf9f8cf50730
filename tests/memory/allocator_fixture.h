// An allocator over one kind of memory, and what must always hold for it.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <vector>

#include "core/error.h"
#include "memory/caching_allocator.h"
#include "memory/poison.h"
#include "memory/simulated_device.h"
#include "provider_cases.h"

namespace test {

using namespace libtensor::memory;

inline constexpr size_t kMiB = size_t{1} << 20;

class AllocatorTest : public testing::TestWithParam<ProviderCase> {
 protected:
  void make(size_t capacity) {
    allocator = std::make_unique<CachingAllocator>(GetParam().make(capacity), "test device");
  }
  void SetUp() override { make(256 * kMiB); }
  void TearDown() override {
    if (!allocator) return;
    check_blocks();
    check_device();
  }

  // The blocks tile the ranges, and their sums are the statistics.
  void check_blocks() {
    size_t used = 0, active = 0, mapped = 0;
    uintptr_t end = 0;
    const size_t unit = allocator->provider().properties().alignment;
    allocator->for_each_block([&](Stream, const Block& block) {
      EXPECT_EQ(block.address % unit, 0u);
      EXPECT_GT(block.size, 0u);
      if (block.previous) {
        EXPECT_EQ(block.address, end);
      }
      if (block.previous && block.is_open()) {
        EXPECT_NE(block.previous->state, block.state) << "neighbours that should be one";
      }
      end = block.end();
      if (block.state == Block::State::kUsed) used += block.requested;
      if (!block.is_open()) active += block.size;
      if (!block.is_unmapped()) mapped += block.size;
    });
    const DeviceStatistics statistics = allocator->statistics();
    EXPECT_EQ(statistics.allocated.now, used);
    EXPECT_EQ(statistics.active.now, active);
    EXPECT_EQ(statistics.reserved.now, mapped);
    size_t allocated = 0, reserved = 0;
    for (const auto& stream : allocator->stream_statistics()) {
      allocated += stream.statistics.allocated.now;
      reserved += stream.statistics.reserved.now;
    }
    EXPECT_EQ(allocated, used);
    EXPECT_EQ(reserved, mapped);
  }
  // The simulated device saw no misuse, and agrees about what it gave.
  void check_device() {
    auto* device = dynamic_cast<SimulatedDevice*>(&allocator->provider());
    if (!device) return;
    EXPECT_EQ(device->misuses(), std::vector<std::string>{});
    EXPECT_EQ(device->counts().reserved, allocator->statistics().reserved.now);
  }
  void complete() {
    auto* device = dynamic_cast<SimulatedDevice*>(&allocator->provider());
    if (!device) return;
    for (Stream stream = 0; stream < 3; ++stream) device->complete(stream);
  }

  std::unique_ptr<CachingAllocator> allocator;
};

}  // namespace test
