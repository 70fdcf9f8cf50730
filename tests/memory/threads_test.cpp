// Many threads at one allocator: streams of their own and of others, with everything going on that
// can go on.
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <random>
#include <semaphore>
#include <thread>

#include "allocator_fixture.h"
#include "memory/context.h"

namespace test {
namespace {

using libtensor::Error;
using libtensor::Status;

constexpr int kThreads = 4;

class AllocatorThreads : public AllocatorTest {
 protected:
  int streams() const { return GetParam().streams; }
  Stream any_stream(std::mt19937& random) const {
    return random() % static_cast<unsigned>(streams());
  }
  void write(void* data, size_t bytes, int value) const {
    if (!GetParam().host_can_write) return;
    unpoison(data, bytes);
    std::memset(data, value, bytes);
    poison(data, bytes);
  }
  static void on_threads(const std::function<void(int)>& body) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(body, i);
    for (std::thread& thread : threads) thread.join();
  }
  // Calls `body` over and over beside the threads that `work` starts.
  static void beside(const std::function<void(int)>& body, const std::function<void()>& work) {
    std::atomic<bool> stop{false};
    std::thread other([&] {
      for (int round = 0; !stop; ++round) body(round);
    });
    work();
    stop = true;
    other.join();
  }
  void expect_nothing_left() {
    const DeviceStatistics statistics = allocator->statistics();
    EXPECT_EQ(statistics.allocations, statistics.frees);
    EXPECT_EQ(statistics.allocated.now, 0u);
    allocator->empty_cache();
    EXPECT_EQ(allocator->statistics().reserved.now, 0u);
    EXPECT_EQ(allocator->statistics().active.now, 0u);
  }
};

// Blocks go from the thread that made them to one that uses them on its stream and frees them.
TEST_P(AllocatorThreads, HandBlocksToEachOther) {
  constexpr int kEach = 1500;
  std::mutex mutex;
  std::vector<std::pair<void*, size_t>> handed;
  std::atomic<int> freed{0};
  on_threads([&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    const auto own = static_cast<Stream>(thread % streams());
    for (int step = 0; step < kEach; ++step) {
      const size_t bytes = random() % (step % 16 ? 5000 : 2 * kMiB);
      void* const data = allocator->allocate(bytes, own);
      write(data, bytes, thread);
      std::pair<void*, size_t> taken{data, bytes};
      {
        std::lock_guard lock(mutex);
        handed.push_back(taken);
        std::swap(handed[random() % handed.size()], handed.back());
        if (handed.size() <= 2 * kThreads) continue;
        taken = handed.back();
        handed.pop_back();
      }
      EXPECT_TRUE(allocator->record_stream(taken.first, own));
      write(taken.first, taken.second, thread + 1);
      EXPECT_TRUE(allocator->free(taken.first));
      ++freed;
    }
  });
  for (const auto& [data, bytes] : handed) EXPECT_TRUE(allocator->free(data));
  EXPECT_EQ(freed + static_cast<int>(handed.size()), kThreads * kEach);
  complete();
  expect_nothing_left();
}

// One block that several threads name streams for at once, while others come and go around it.
TEST_P(AllocatorThreads, RecordStreamsOfOneBlock) {
  for (int round = 0; round < 100; ++round) {
    void* const shared = allocator->allocate(kMiB, 0);
    on_threads([&](int thread) {
      EXPECT_TRUE(allocator->record_stream(shared, static_cast<Stream>(thread % streams())));
      void* const own = allocator->allocate(3000, static_cast<Stream>(thread % streams()));
      EXPECT_TRUE(allocator->free(own));
    });
    EXPECT_TRUE(allocator->free(shared));
  }
  complete();
  expect_nothing_left();
}

TEST_P(AllocatorThreads, WorkWhileEverythingElseGoesOn) {
  const auto use = [&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    std::vector<std::pair<void*, size_t>> held;
    current_tag = tag_number(thread % 2 ? "odd" : "even");
    for (int step = 0; step < 2000; ++step) {
      if (held.size() < 12 && random() % 2) {
        const size_t bytes = random() % (random() % 8 ? 9000 : 3 * kMiB);
        held.push_back({allocator->allocate(bytes, any_stream(random)), bytes});
        write(held.back().first, bytes, thread);
      } else if (!held.empty()) {
        std::swap(held[random() % held.size()], held.back());
        if (random() % 3 == 0) allocator->record_stream(held.back().first, any_stream(random));
        EXPECT_TRUE(allocator->free(held.back().first));
        held.pop_back();
      }
    }
    for (const auto& [data, bytes] : held) EXPECT_TRUE(allocator->free(data));
    current_tag = 0;
  };
  beside(
      [&](int round) {
        switch (round % 8) {
          case 0:
            return allocator->empty_cache();
          case 1:
            return allocator->trim(8 * kMiB);
          case 2:
            return allocator->reset_peaks();
          case 3:
            return allocator->record_history(round % 16 < 8 ? 500 : 0);
          case 4:
            return allocator->set_pressure_callback([](size_t) { return false; });
          case 5:
            return allocator->set_pressure_callback(nullptr);
          case 6:
            return allocator->for_each_block([](Stream, const Block&) {});
          default:
            allocator->stream_statistics();
        }
      },
      [&] { on_threads(use); });
  allocator->record_history(0);
  complete();
  expect_nothing_left();
}

// More is wanted than the budget allows: allocations fail or wait for what others give back, the
// pressure callback frees what is hoarded, and the sums stay right.
TEST_P(AllocatorThreads, ShareABudgetThatIsTooSmall) {
  allocator->set_budget(24 * kMiB);
  std::mutex mutex;
  std::vector<void*> hoard;
  allocator->set_pressure_callback([&](size_t) {
    std::lock_guard lock(mutex);
    if (hoard.empty()) return false;
    EXPECT_TRUE(allocator->free(hoard.back()));
    hoard.pop_back();
    return true;
  });
  std::atomic<int> failures{0};
  on_threads([&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    std::vector<void*> held;
    for (int step = 0; step < 400; ++step) {
      try {
        void* const data = allocator->allocate(random() % (4 * kMiB), any_stream(random));
        if (random() % 3) {
          held.push_back(data);
        } else {
          std::lock_guard lock(mutex);
          hoard.push_back(data);
        }
      } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::kOutOfMemory);
        ++failures;
        for (void* block : held) EXPECT_TRUE(allocator->free(block));
        held.clear();
      }
      if (step % 100 == 50) allocator->set_budget((20 + random() % 8) * kMiB);
    }
    for (void* block : held) EXPECT_TRUE(allocator->free(block));
  });
  allocator->set_pressure_callback(nullptr);
  for (void* block : hoard) EXPECT_TRUE(allocator->free(block));
  EXPECT_GT(failures, 0);
  EXPECT_GT(allocator->statistics().pressure_calls, 0u);
  complete();
  expect_nothing_left();
}

// A device whose driver is in no hurry to take memory back.
class SlowToUnmap final : public SimulatedDevice {
 public:
  using SimulatedDevice::SimulatedDevice;

  void unmap(void* address, size_t bytes) noexcept override {
    if (slow.exchange(false)) {
      unmapping.release();
      if (!others_done.try_acquire_for(std::chrono::seconds(60))) held_up = true;
    }
    SimulatedDevice::unmap(address, bytes);
  }

  std::atomic<bool> slow{false}, held_up{false};
  std::binary_semaphore unmapping{0}, others_done{0};
};

TEST(AllocatorLocks, ADriverThatTakesMemoryBackHoldsUpNobody) {
  auto owned = std::make_unique<SlowToUnmap>(SimulatedDevice::Options{1024 * kMiB});
  SlowToUnmap& device = *owned;
  CachingAllocator allocator(std::move(owned), "test device");
  void* const kept = allocator.allocate(kMiB, 0);
  void* const other = allocator.allocate(kMiB, 1);
  allocator.free(allocator.allocate(64 * kMiB, 0));
  allocator.free(other);
  allocator.free(kept);
  void* const live = allocator.allocate(kMiB, 0);
  device.slow = true;
  std::thread emptier([&] { allocator.empty_cache(); });
  device.unmapping.acquire();
  // The page of `live` stays, and has room for more.
  void* const meanwhile = allocator.allocate(kMiB / 2, 0);
  allocator.statistics();
  allocator.free(meanwhile);
  EXPECT_GT(allocator.statistics().reserved.now, 2 * kMiB) << "not given back yet";
  device.others_done.release();
  emptier.join();
  EXPECT_FALSE(device.held_up);
  EXPECT_EQ(allocator.statistics().reserved.now, 2 * kMiB);
  allocator.free(live);
  EXPECT_EQ(device.misuses(), std::vector<std::string>{});
}

// The first use of many streams by several threads at once: each stream gets one arena.
TEST_P(AllocatorThreads, MeetStreamsForTheFirstTime) {
  if (streams() == 1) GTEST_SKIP() << "has one stream";
  constexpr int kStreams = 40;
  on_threads([&](int thread) {
    for (int i = 0; i < kStreams; ++i) {
      const auto stream = static_cast<Stream>((i + thread * 7) % kStreams);
      EXPECT_TRUE(allocator->free(allocator->allocate(1000, stream)));
    }
  });
  EXPECT_EQ(allocator->stream_statistics().size(), size_t{kStreams});
  complete();
  expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(Each, AllocatorThreads, testing::ValuesIn(provider_cases()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace test
