// The driver refuses: at any call, in any order.
#include <random>

#include "allocator_fixture.h"
#include "memory/context.h"

namespace test {
namespace {

using libtensor::Error;
using libtensor::Status;

class Refusal : public testing::TestWithParam<bool> {
 protected:
  Refusal() {
    auto owned = std::make_unique<SimulatedDevice>(SimulatedDevice::Options{SIZE_MAX, GetParam()});
    device = owned.get();
    allocator = std::make_unique<CachingAllocator>(std::move(owned), "test device");
  }

  SimulatedDevice* device = nullptr;
  std::unique_ptr<CachingAllocator> allocator;
};

// Blocks that come and go; ends where an allocation fails. Returns whether one did.
bool run(CachingAllocator& allocator) {
  std::mt19937 random(5);
  std::vector<void*> held;
  bool failed = false;
  for (int step = 0; step < 400 && !failed; ++step) {
    if (random() % 5 < 3) {
      const size_t before = allocator.statistics().allocated.now;
      try {
        held.push_back(allocator.allocate(random() % (20 * kMiB), random() % 2));
      } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::kOutOfMemory);
        EXPECT_EQ(allocator.statistics().allocated.now, before);
        failed = true;
      }
    } else if (!held.empty()) {
      std::swap(held[random() % held.size()], held.back());
      EXPECT_TRUE(allocator.free(held.back()));
      held.pop_back();
    }
  }
  for (void* block : held) EXPECT_TRUE(allocator.free(block));
  return failed;
}

TEST_P(Refusal, AtEachCallInTurnLosesNothing) {
  uint64_t call = 1;
  for (;; ++call) {
    device->fail_after(call);
    const bool failed = run(*allocator);
    device->fail_after(0);
    EXPECT_EQ(allocator->statistics().allocated.now, 0u);
    allocator->empty_cache();
    ASSERT_EQ(device->counts().reserved, 0u) << "call " << call;
    ASSERT_EQ(allocator->statistics().reserved.now, 0u);
    ASSERT_EQ(device->misuses(), std::vector<std::string>{}) << "call " << call;
    if (!failed) break;
  }
  EXPECT_GT(call, 5u) << "the program takes memory several times";
}

TEST_P(Refusal, ASmallerRequestWorksAfterwards) {
  void* const live = allocator->allocate(8 * kMiB);
  void* const cached = allocator->allocate(8 * kMiB);
  allocator->free(cached);
  device->fail_after(1);
  EXPECT_THROW(allocator->allocate(64 * kMiB), Error);
  device->fail_after(0);
  void* const smaller = allocator->allocate(4 * kMiB);
  EXPECT_TRUE(allocator->free(smaller));
  EXPECT_TRUE(allocator->free(live));
}

// The driver is asked to open a range once, however many pieces it has, and is asked for no more
// where it refuses.
TEST(Opening, HappensOnceARange) {
  auto owned = std::make_unique<SimulatedDevice>(SimulatedDevice::Options{1024 * kMiB});
  SimulatedDevice& device = *owned;
  CachingAllocator allocator(std::move(owned), "test device");
  void* const block = allocator.allocate(128 * kMiB);
  EXPECT_GT(device.counts().creates, 4u);
  EXPECT_EQ(device.counts().opens, 1u);
  device.launch(0, block, 128 * kMiB);
  device.fail(SimulatedDevice::Call::kOpen, 1);
  EXPECT_THROW(allocator.allocate(64 * kMiB), Error);
  EXPECT_EQ(device.counts().reserved, 128 * kMiB) << "what cannot be opened goes back";
  EXPECT_EQ(allocator.statistics().reserved.now, 128 * kMiB);
  device.fail(SimulatedDevice::Call::kOpen, 1, SimulatedDevice::Failure::kThrow);
  EXPECT_THROW(allocator.allocate(64 * kMiB), Error);
  EXPECT_EQ(device.counts().reserved, 128 * kMiB);
  device.fail(SimulatedDevice::Call::kOpen, 0);
  allocator.free(allocator.allocate(64 * kMiB));
  EXPECT_EQ(device.misuses(), std::vector<std::string>{});
}

// While memory is short, pieces are cut where blocks end, which costs calls; no longer than that.
class Refused : public testing::Test {
 protected:
  Refused() {
    auto owned = std::make_unique<SimulatedDevice>(SimulatedDevice::Options{1024 * kMiB});
    device = owned.get();
    allocator = std::make_unique<CachingAllocator>(std::move(owned), "test device");
    first = allocator->allocate(128 * kMiB);
    device->fail_after(1);
    EXPECT_THROW(allocator->allocate(64 * kMiB), Error);
    device->fail_after(0);
  }
  // Of a block that takes a part of a free piece.
  uint64_t calls_of_a_small_block() {
    const uint64_t before = allocator->statistics().device_calls;
    allocator->free(allocator->allocate(2 * kMiB));
    return allocator->statistics().device_calls - before;
  }

  SimulatedDevice* device = nullptr;
  std::unique_ptr<CachingAllocator> allocator;
  void* first = nullptr;
};

TEST_F(Refused, MemoryIsCut) {
  allocator->free(first);
  EXPECT_GT(calls_of_a_small_block(), 0u);
}

TEST_F(Refused, IsForgottenWhenThereIsMoreAgain) {
  void* const more = allocator->allocate(64 * kMiB);
  allocator->free(first);
  EXPECT_EQ(calls_of_a_small_block(), 0u);
  allocator->free(more);
}

TEST_F(Refused, IsForgottenWhenTheCacheIsEmptied) {
  allocator->free(first);
  allocator->empty_cache();
  allocator->free(allocator->allocate(128 * kMiB));
  EXPECT_EQ(calls_of_a_small_block(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Each, Refusal, testing::Bool(),
                         [](const auto& each) { return each.param ? "Virtual" : "Plain"; });

TEST(OutOfMemory, NamesTheLargestHolders) {
  CachingAllocator allocator(std::make_unique<SimulatedDevice>(SimulatedDevice::Options{64 * kMiB}),
                             "cuda:0");
  current_operation = "matmul";
  current_tag = tag_number("weights");
  allocator.allocate(40 * kMiB);
  current_operation = "add";
  current_tag = 0;
  allocator.allocate(10 * kMiB);
  allocator.allocate(4 * kMiB);
  current_operation = nullptr;
  try {
    allocator.allocate(20 * kMiB);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(
        error.message(),
        "CUDA out of memory. Tried to allocate 20.00 MiB (20971520 bytes) on cuda:0. 10.00 MiB is "
        "free on the device; 54.00 MiB is reserved, of which 54.00 MiB is in use. Largest holders: "
        "matmul (tag 'weights') 40.00 MiB in 1 block, add 14.00 MiB in 2 blocks.");
  }
}

}  // namespace
}  // namespace test
