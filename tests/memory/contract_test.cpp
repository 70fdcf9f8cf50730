// What every provider, and the allocator over it, must do.
#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "allocator_fixture.h"

namespace test {
namespace {

using libtensor::Error;
using libtensor::Status;

class Provider : public testing::TestWithParam<ProviderCase> {
 protected:
  std::unique_ptr<MemoryProvider> provider = GetParam().make(256 * kMiB);
  const ProviderProperties properties = provider->properties();
};

TEST_P(Provider, HasSensibleProperties) {
  EXPECT_TRUE(std::has_single_bit(properties.granularity));
  EXPECT_TRUE(std::has_single_bit(properties.alignment));
  EXPECT_LE(properties.alignment, properties.granularity);
  EXPECT_GE(properties.alignment, 64u);
  EXPECT_STRNE(properties.name, "");
  EXPECT_GT(provider->info().total, 0u);
}

TEST_P(Provider, GivesPlainMemory) {
  if (properties.virtual_memory) GTEST_SKIP() << "has virtual memory instead";
  const size_t bytes = 2 * properties.granularity;
  void* const a = provider->allocate(bytes);
  void* const b = provider->allocate(bytes);
  ASSERT_NE(a, nullptr);
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % properties.alignment, 0u);
  const auto distance = static_cast<std::byte*>(a) - static_cast<std::byte*>(b);
  EXPECT_GE(static_cast<size_t>(std::abs(distance)), bytes);
  provider->free(a, bytes);
  provider->free(b, bytes);
}

TEST_P(Provider, MapsAndUnmapsAnywhereInARange) {
  if (!properties.virtual_memory) GTEST_SKIP() << "has plain memory only";
  const size_t unit = properties.granularity;
  auto* const range = static_cast<std::byte*>(provider->reserve(8 * unit));
  ASSERT_NE(range, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(range) % unit, 0u);
  Physical small = 0, large = 0;
  ASSERT_TRUE(provider->create(unit, &small));
  ASSERT_TRUE(provider->create(3 * unit, &large));
  ASSERT_TRUE(provider->map(range + 5 * unit, 3 * unit, large));
  ASSERT_TRUE(provider->open(range + 5 * unit, 3 * unit));
  ASSERT_TRUE(provider->map(range, unit, small));
  provider->unmap(range + 5 * unit, 3 * unit);
  ASSERT_TRUE(provider->map(range + unit, 3 * unit, large)) << "the same piece elsewhere";
  ASSERT_TRUE(provider->open(range, 4 * unit)) << "two pieces at once";
  provider->unmap(range, unit);
  provider->unmap(range + unit, 3 * unit);
  provider->destroy(small, unit);
  provider->destroy(large, 3 * unit);
  provider->unreserve(range, 8 * unit);
}

TEST_P(Provider, SaysThatMemoryIsOut) {
  if (!GetParam().keeps_capacity) GTEST_SKIP() << "has no capacity of its own";
  provider = GetParam().make(4 * properties.granularity);
  const size_t too_much = 5 * properties.granularity;
  if (properties.virtual_memory) {
    Physical memory = 77;
    EXPECT_FALSE(provider->create(too_much, &memory));
    EXPECT_EQ(memory, 77u);
  } else {
    EXPECT_EQ(provider->allocate(too_much), nullptr);
  }
}

TEST_P(Provider, EventsPass) {
  if (!properties.streams) GTEST_SKIP() << "has no streams";
  for (int stream = 0; stream < GetParam().streams; ++stream) {
    const Event event =
        provider->record(GetParam().first_event_stream + static_cast<Stream>(stream));
    ASSERT_NE(event, 0u);
    provider->wait(event);
    EXPECT_TRUE(provider->passed(event));
    provider->release(event);
  }
}

class Allocator : public AllocatorTest {};

TEST_P(Allocator, GivesAlignedBlocksApartFromEachOther) {
  const size_t unit = allocator->provider().properties().alignment;
  std::map<uintptr_t, size_t> blocks;
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{511}, size_t{512}, size_t{513}, kMiB,
                             5 * kMiB + 1, 33 * kMiB}) {
    const auto address = reinterpret_cast<uintptr_t>(allocator->allocate(bytes));
    EXPECT_NE(address, 0u);
    EXPECT_EQ(address % unit, 0u);
    blocks[address] = std::max<size_t>(bytes, 1);
  }
  ASSERT_EQ(blocks.size(), 8u);
  for (auto block = blocks.begin(); std::next(block) != blocks.end(); ++block) {
    EXPECT_LE(block->first + block->second, std::next(block)->first);
  }
  for (const auto& block : blocks)
    EXPECT_TRUE(allocator->free(reinterpret_cast<void*>(block.first)));
}

TEST_P(Allocator, ReusesAtOnceOnTheSameStream) {
  void* const first = allocator->allocate(3 * kMiB);
  allocator->free(first);
  const uint64_t calls = allocator->statistics().device_calls;
  EXPECT_EQ(allocator->allocate(3 * kMiB), first);
  EXPECT_EQ(allocator->statistics().device_calls, calls);
  allocator->free(first);
}

TEST_P(Allocator, RefusesWhatIsNotALiveBlock) {
  void* const block = allocator->allocate(1000);
  int elsewhere = 0;
  EXPECT_FALSE(allocator->free(nullptr));
  EXPECT_FALSE(allocator->free(&elsewhere));
  EXPECT_FALSE(allocator->free(static_cast<std::byte*>(block) + 64));
  EXPECT_TRUE(allocator->free(block));
  EXPECT_FALSE(allocator->free(block)) << "freed twice";
  EXPECT_EQ(allocator->statistics().frees, 1u);
}

// Large blocks do not share pieces with each other, though small ones lie between them.
TEST_P(Allocator, GivesBackLargeBlocksOneByOne) {
  const ProviderProperties properties = allocator->provider().properties();
  if (!properties.virtual_memory) GTEST_SKIP() << "has plain memory only";
  const size_t large = 16 * properties.granularity;
  std::vector<void*> small, held, between;
  for (int i = 0; i < 3; ++i) {
    small.push_back(allocator->allocate(1000 * properties.alignment));
    held.push_back(allocator->allocate(large));
    between.push_back(allocator->allocate(large));
  }
  for (void* block : between) allocator->free(block);
  allocator->empty_cache();
  EXPECT_EQ(allocator->statistics().reserved.now, 3 * large + properties.granularity);
  for (void* block : held) allocator->free(block);
  for (void* block : small) allocator->free(block);
}

TEST_P(Allocator, GivesEverythingBack) {
  std::vector<void*> blocks;
  for (int i = 0; i < 100; ++i) {
    blocks.push_back(allocator->allocate(static_cast<size_t>(i) * 10007,
                                         static_cast<Stream>(i % GetParam().streams)));
  }
  EXPECT_GT(allocator->statistics().reserved.now, 0u);
  for (void* block : blocks) allocator->free(block);
  allocator->empty_cache();
  EXPECT_EQ(allocator->statistics().reserved.now, 0u);
  EXPECT_EQ(allocator->statistics().allocated.now, 0u);
  EXPECT_EQ(allocator->statistics().active.now, 0u);
  void* const again = allocator->allocate(kMiB);
  EXPECT_NE(again, nullptr);
  allocator->free(again);
}

TEST_P(Allocator, KeepsWhatLivesWhenTheCacheIsEmptied) {
  void* const kept = allocator->allocate(20 * kMiB);
  void* const gone = allocator->allocate(20 * kMiB);
  if (GetParam().host_can_write) {
    unpoison(kept, 20 * kMiB);
    std::memset(kept, 7, 20 * kMiB);
  }
  allocator->free(gone);
  allocator->empty_cache();
  EXPECT_GE(allocator->statistics().reserved.now, 20 * kMiB);
  if (GetParam().host_can_write) {
    EXPECT_EQ(static_cast<unsigned char*>(kept)[20 * kMiB - 1], 7);
    poison(kept, 20 * kMiB);
  }
  EXPECT_TRUE(allocator->free(kept));
}

TEST_P(Allocator, CountsPeaksAndResetsThem) {
  void* const a = allocator->allocate(5 * kMiB);
  void* const b = allocator->allocate(3 * kMiB);
  allocator->free(b);
  EXPECT_EQ(allocator->statistics().allocated.peak, 8 * kMiB);
  EXPECT_EQ(allocator->stream_statistics()[0].statistics.allocated.peak, 8 * kMiB);
  allocator->reset_peaks();
  EXPECT_EQ(allocator->statistics().allocated.peak, 5 * kMiB);
  EXPECT_EQ(allocator->stream_statistics()[0].statistics.allocated.peak, 5 * kMiB);
  EXPECT_EQ(allocator->statistics().reserved.peak, allocator->statistics().reserved.now);
  allocator->free(a);
}

TEST_P(Allocator, KeepsToItsBudget) {
  allocator->set_budget(16 * kMiB);
  EXPECT_EQ(allocator->statistics().capacity, 16 * kMiB);
  void* const a = allocator->allocate(10 * kMiB);
  EXPECT_THROW(allocator->allocate(10 * kMiB), Error);
  EXPECT_LE(allocator->statistics().reserved.now, 16 * kMiB);
  void* const b = allocator->allocate(4 * kMiB);
  allocator->set_budget(SIZE_MAX);
  void* const c = allocator->allocate(10 * kMiB);
  for (void* block : {a, b, c}) EXPECT_TRUE(allocator->free(block));
}

TEST_P(Allocator, TakesCachedMemoryBackBeforeItFails) {
  allocator->set_budget(64 * kMiB);
  for (const size_t bytes : {10 * kMiB, 20 * kMiB, 40 * kMiB, 60 * kMiB, 64 * kMiB, 2 * kMiB}) {
    for (int stream = 0; stream < GetParam().streams; ++stream) {
      void* block = nullptr;
      ASSERT_NO_THROW(block = allocator->allocate(bytes, static_cast<Stream>(stream))) << bytes;
      allocator->free(block);
    }
  }
  EXPECT_LE(allocator->statistics().reserved.peak, 64 * kMiB);
}

TEST_P(Allocator, FailsWithoutAnyChange) {
  allocator->set_budget(32 * kMiB);
  void* const live = allocator->allocate(20 * kMiB);
  const DeviceStatistics before = allocator->statistics();
  try {
    allocator->allocate(16 * kMiB);
    FAIL() << "there is no room";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kOutOfMemory);
    EXPECT_NE(error.message().find("16777216 bytes"), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("Largest holders"), std::string::npos) << error.message();
  }
  const DeviceStatistics after = allocator->statistics();
  EXPECT_EQ(after.allocated.now, before.allocated.now);
  EXPECT_EQ(after.allocated.peak, before.allocated.peak);
  EXPECT_EQ(after.allocations, before.allocations);
  EXPECT_EQ(after.out_of_memory, before.out_of_memory + 1);
  void* const smaller = allocator->allocate(8 * kMiB);
  EXPECT_TRUE(allocator->free(smaller));
  EXPECT_TRUE(allocator->free(live));
}

TEST_P(Allocator, RefusesSizesThatNoDeviceHas) {
  EXPECT_THROW(allocator->allocate(SIZE_MAX), Error);
  EXPECT_THROW(allocator->allocate(SIZE_MAX / 2), Error);
  EXPECT_EQ(allocator->statistics().allocated.now, 0u);
}

TEST_P(Allocator, AsksTheHostBeforeItFails) {
  allocator->set_budget(32 * kMiB);
  void* hoarded = allocator->allocate(20 * kMiB);
  int asked = 0;
  allocator->set_pressure_callback([&](size_t bytes) {
    ++asked;
    EXPECT_EQ(bytes, 25 * kMiB);
    if (!hoarded) return false;
    allocator->free(hoarded);
    hoarded = nullptr;
    return true;
  });
  void* const block = allocator->allocate(25 * kMiB);
  EXPECT_EQ(asked, 1);
  EXPECT_THROW(allocator->allocate(25 * kMiB), Error);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(allocator->statistics().pressure_calls, 2u);
  allocator->set_pressure_callback(nullptr);
  EXPECT_THROW(allocator->allocate(25 * kMiB), Error);
  EXPECT_EQ(asked, 2);
  allocator->free(block);
}

TEST_P(Allocator, TrimsToAWantedSize) {
  std::vector<void*> blocks;
  for (int i = 0; i < 8; ++i) blocks.push_back(allocator->allocate(16 * kMiB));
  for (void* block : blocks) allocator->free(block);
  complete();
  allocator->trim(SIZE_MAX);
  const size_t all = allocator->statistics().reserved.now;
  EXPECT_GE(all, 128 * kMiB);
  allocator->trim(64 * kMiB);
  EXPECT_LE(allocator->statistics().reserved.now, 64 * kMiB);
}

// Random calls against a plain model.
struct Model {
  struct Held {
    size_t bytes;
    Stream stream;
    unsigned char mark;
  };
  std::map<uintptr_t, Held> blocks;
  size_t allocated = 0, peak = 0;
  uint64_t allocations = 0, frees = 0;
};

void check_apart(const Model& model, uintptr_t address, size_t bytes) {
  const auto after = model.blocks.lower_bound(address);
  if (after != model.blocks.end()) {
    EXPECT_LE(address + std::max<size_t>(bytes, 1), after->first);
  }
  if (after != model.blocks.begin()) {
    const auto before = std::prev(after);
    EXPECT_LE(before->first + before->second.bytes, address);
  }
}

TEST_P(Allocator, AgreesWithAPlainModel) {
  constexpr int kSteps = 4000;
  for (unsigned seed = 0; seed < 6; ++seed) {
    make(seed % 2 ? 48 * kMiB : 512 * kMiB);
    if (!GetParam().keeps_capacity) allocator->set_budget(seed % 2 ? 48 * kMiB : 512 * kMiB);
    std::mt19937 random(seed);
    Model model;
    const auto free_one = [&] {
      auto victim = model.blocks.begin();
      std::advance(victim, random() % model.blocks.size());
      auto* const data = reinterpret_cast<unsigned char*>(victim->first);
      const Model::Held held = victim->second;
      if (GetParam().host_can_write && held.bytes > 0) {
        EXPECT_EQ(data[0], held.mark);
        EXPECT_EQ(data[held.bytes - 1], held.mark);
        poison(data, held.bytes);
      }
      model.allocated -= held.bytes;
      ++model.frees;
      model.blocks.erase(victim);
      EXPECT_TRUE(allocator->free(data));
    };
    for (int step = 0; step < kSteps && !HasFailure(); ++step) {
      const unsigned what = random() % 100;
      if (what < 52) {
        const size_t bytes = random() % 4 == 0 ? random() % (4 * kMiB) : random() % 20000;
        const Stream stream = random() % static_cast<unsigned>(GetParam().streams);
        void* data = nullptr;
        try {
          data = allocator->allocate(bytes, stream);
        } catch (const Error& error) {
          EXPECT_EQ(error.status(), Status::kOutOfMemory);
          EXPECT_GT(model.allocated + 16 * kMiB, 32 * kMiB)
              << "there was room: " << error.message();
          if (!model.blocks.empty()) free_one();
          continue;
        }
        const auto address = reinterpret_cast<uintptr_t>(data);
        check_apart(model, address, bytes);
        const auto mark = static_cast<unsigned char>(step);
        if (GetParam().host_can_write && bytes > 0) {
          unpoison(data, bytes);
          static_cast<unsigned char*>(data)[0] = static_cast<unsigned char*>(data)[bytes - 1] =
              mark;
        }
        model.blocks[address] = {bytes, stream, mark};
        model.allocated += bytes;
        model.peak = std::max(model.peak, model.allocated);
        ++model.allocations;
      } else if (what < 98) {
        if (!model.blocks.empty()) free_one();
      } else if (what == 98) {
        complete();
      } else if (random() % 8 == 0) {
        allocator->empty_cache();
      }
      const DeviceStatistics statistics = allocator->statistics();
      ASSERT_EQ(statistics.allocated.now, model.allocated);
      ASSERT_EQ(statistics.allocated.peak, model.peak);
      ASSERT_EQ(statistics.allocations, model.allocations);
      ASSERT_EQ(statistics.frees, model.frees);
      if (step % 100 == 0) check_blocks();
    }
    while (!model.blocks.empty()) free_one();
    check_blocks();
    allocator->empty_cache();
    EXPECT_EQ(allocator->statistics().reserved.now, 0u) << "seed " << seed;
    check_device();
  }
}

TEST_P(Allocator, ServesManyThreads) {
  constexpr int kThreads = 4, kSteps = 3000;
  std::atomic<size_t> leftover{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      std::vector<std::pair<void*, size_t>> held;
      for (int step = 0; step < kSteps; ++step) {
        if (held.size() < 20 && random() % 2) {
          const size_t bytes = random() % (random() % 8 ? 5000 : kMiB);
          const Stream stream = random() % static_cast<unsigned>(GetParam().streams);
          void* const data = allocator->allocate(bytes, stream);
          if (GetParam().host_can_write) {
            unpoison(data, bytes);
            std::memset(data, t, bytes);
            poison(data, bytes);
          } else if (random() % 4 == 0) {
            allocator->record_stream(data, random() % static_cast<unsigned>(GetParam().streams));
          }
          held.push_back({data, bytes});
        } else if (!held.empty()) {
          allocator->free(held.back().first);
          held.pop_back();
        }
        if (step % 500 == 0) allocator->trim(4 * kMiB);
        if (step % 700 == 0) allocator->statistics();
      }
      leftover += held.size();
      for (const auto& [data, bytes] : held) allocator->free(data);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const DeviceStatistics statistics = allocator->statistics();
  EXPECT_EQ(statistics.allocations, statistics.frees);
  EXPECT_EQ(statistics.allocated.now, 0u);
  allocator->empty_cache();
  EXPECT_EQ(allocator->statistics().reserved.now, 0u);
}

INSTANTIATE_TEST_SUITE_P(Each, Provider, testing::ValuesIn(provider_cases()),
                         [](const auto& each) { return each.param.name; });
INSTANTIATE_TEST_SUITE_P(Each, Allocator, testing::ValuesIn(provider_cases()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace test
