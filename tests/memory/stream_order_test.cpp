// Memory that several streams use, on a device whose progress the test decides.
#include <random>

#include "allocator_fixture.h"

namespace test {
namespace {

class StreamOrderTest : public testing::Test {
 protected:
  explicit StreamOrderTest(size_t capacity = 64 * kMiB) {
    auto owned = std::make_unique<SimulatedDevice>(
        SimulatedDevice::Options{capacity, true, SimulatedDevice::kManual});
    device = owned.get();
    allocator = std::make_unique<CachingAllocator>(std::move(owned), "test device");
  }
  void* allocate(size_t bytes, Stream stream) {
    void* const data = allocator->allocate(bytes, stream);
    device->launch(stream, data, bytes);
    return data;
  }
  bool misused() { return !device->misuses().empty(); }

  SimulatedDevice* device = nullptr;
  std::unique_ptr<CachingAllocator> allocator;
};

TEST_F(StreamOrderTest, OneStreamNeverWaits) {
  void* const first = allocate(4 * kMiB, 1);
  allocator->free(first);
  EXPECT_EQ(allocate(4 * kMiB, 1), first) << "though its work is not done";
  EXPECT_EQ(device->counts().waits, 0u);
  EXPECT_FALSE(misused());
}

TEST_F(StreamOrderTest, AnotherStreamGetsOtherMemory) {
  void* const first = allocate(4 * kMiB, 1);
  allocator->free(first);
  EXPECT_NE(allocate(4 * kMiB, 2), first);
  EXPECT_FALSE(misused());
}

TEST_F(StreamOrderTest, AUseOnAnotherStreamHoldsTheBlock) {
  void* const shared = allocate(4 * kMiB, 0);
  device->stream_wait(1, 0);
  device->launch(1, shared, 4 * kMiB);
  EXPECT_TRUE(allocator->record_stream(shared, 1));
  allocator->free(shared);
  EXPECT_EQ(allocator->statistics().allocated.now, 0u);
  EXPECT_EQ(allocator->statistics().active.now, 4 * kMiB) << "stream 1 still uses it";
  EXPECT_NE(allocate(4 * kMiB, 0), shared);
  device->complete(1);
  EXPECT_EQ(allocate(4 * kMiB, 0), shared);
  EXPECT_FALSE(misused());
}

TEST_F(StreamOrderTest, EachOfSeveralUsesHoldsTheBlock) {
  void* const shared = allocate(4 * kMiB, 0);
  for (Stream stream : {1, 2}) {
    device->stream_wait(stream, 0);
    device->stream_wait(stream, 1);
    device->launch(stream, shared, 4 * kMiB);
    EXPECT_TRUE(allocator->record_stream(shared, stream));
    EXPECT_TRUE(allocator->record_stream(shared, stream)) << "twice is fine";
  }
  EXPECT_TRUE(allocator->record_stream(shared, 0)) << "its own";
  allocator->free(shared);
  device->complete(1);
  EXPECT_NE(allocate(4 * kMiB, 0), shared);
  device->complete(2);
  EXPECT_EQ(allocate(4 * kMiB, 0), shared);
  EXPECT_FALSE(allocator->record_stream(reinterpret_cast<void*>(64), 1)) << "no block";
  EXPECT_FALSE(misused());
}

TEST_F(StreamOrderTest, AForgottenUseIsSeenByTheDevice) {
  void* const shared = allocate(4 * kMiB, 0);
  device->stream_wait(1, 0);
  device->launch(1, shared, 4 * kMiB);
  allocator->free(shared);
  EXPECT_EQ(allocate(4 * kMiB, 0), shared);
  EXPECT_TRUE(misused()) << "else these tests could not fail";
}

TEST_F(StreamOrderTest, MemoryIsTakenBackWhenItsStreamHasComePast) {
  void* const first = allocate(40 * kMiB, 1);
  allocator->free(first);
  device->complete(1);
  allocate(40 * kMiB, 2);
  EXPECT_EQ(allocator->statistics().waits, 0u);
  EXPECT_FALSE(misused());
}

TEST_F(StreamOrderTest, OutOfMemoryWaitsForTheDeviceFirst) {
  void* const first = allocate(40 * kMiB, 1);
  void* const shared = allocate(10 * kMiB, 0);
  allocator->record_stream(shared, 1);
  allocator->free(first);
  allocator->free(shared);
  allocate(60 * kMiB, 2);
  EXPECT_EQ(allocator->statistics().waits, 1u);
  EXPECT_FALSE(misused());
}

TEST_F(StreamOrderTest, NoEventOutlivesTheAllocator) {
  for (int i = 0; i < 20; ++i) {
    void* const data = allocate(3 * kMiB, static_cast<Stream>(i % 3));
    allocator->record_stream(data, static_cast<Stream>((i + 1) % 3));
    allocator->free(data);
  }
  EXPECT_GT(device->counts().events, 0u);
  allocator->empty_cache();
  EXPECT_EQ(device->counts().events, 0u);
  EXPECT_EQ(device->counts().reserved, 0u);
  EXPECT_FALSE(misused());
}

// A well-behaved program of several streams, on a device that lags at random: no two streams ever
// use one piece of memory without order, and nothing is unmapped under work.
TEST_F(StreamOrderTest, RandomProgramsAreNeverHarmed) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    auto owned = std::make_unique<SimulatedDevice>(SimulatedDevice::Options{
        seed % 2 ? 96 * kMiB : SIZE_MAX, seed % 4 < 2, SimulatedDevice::kManual});
    device = owned.get();
    allocator = std::make_unique<CachingAllocator>(std::move(owned), "test device");
    std::mt19937 random(seed);
    struct Held {
      void* data;
      size_t bytes;
      Stream stream;
    };
    std::vector<Held> held;
    for (int step = 0; step < 2000; ++step) {
      const unsigned what = random() % 100;
      if (what < 45 && held.size() < 12) {
        const size_t bytes = random() % (random() % 3 ? 6 * kMiB : 9000) + 1;
        const Stream stream = random() % 3;
        held.push_back({allocate(bytes, stream), bytes, stream});
      } else if (what < 65 && !held.empty()) {
        const Held& block = held[random() % held.size()];
        const Stream other = random() % 3;
        device->stream_wait(other, block.stream);
        device->launch(other, block.data, block.bytes);
        ASSERT_TRUE(allocator->record_stream(block.data, other));
        device->stream_wait(block.stream, other);  // a later use on its own stream sees this one
      } else if (what < 92 && !held.empty()) {
        std::swap(held[random() % held.size()], held.back());
        ASSERT_TRUE(allocator->free(held.back().data));
        held.pop_back();
      } else if (what < 97) {
        device->complete(random() % 3);
      }
    }
    for (const Held& block : held) allocator->free(block.data);
    allocator->empty_cache();
    EXPECT_EQ(device->misuses(), std::vector<std::string>{}) << "seed " << seed;
    EXPECT_EQ(device->counts().reserved, 0u);
  }
}

}  // namespace
}  // namespace test
