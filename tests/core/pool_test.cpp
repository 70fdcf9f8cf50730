// Free lists: blocks are aligned, never given out twice, and may change threads.
#include "core/pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace libtensor {
namespace {

// A block full of a pattern, which another owner of the same memory would disturb.
struct Filled {
  unsigned char* data;
  size_t size;
  unsigned char pattern;

  static Filled make(size_t size, unsigned char pattern) {
    auto* data = static_cast<unsigned char*>(pool_allocate(size));
    std::memset(data, pattern, size);
    return {data, size, pattern};
  }
  bool intact() const {
    for (size_t i = 0; i < size; ++i) {
      if (data[i] != pattern) return false;
    }
    return true;
  }
  void free() const { pool_free(data, size); }
};

TEST(Pool, BlocksOfAllSizesAreAlignedAndDistinct) {
  std::vector<Filled> blocks;
  for (size_t size = 1; size <= 3000; size += size < 1100 ? 1 : 97) {
    blocks.push_back(Filled::make(size, static_cast<unsigned char>(size * 7)));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks.back().data) % 16, 0u) << size;
  }
  for (const Filled& block : blocks) {
    EXPECT_TRUE(block.intact()) << block.size;
    block.free();
  }
}

TEST(Pool, RandomUseKeepsBlocksApart) {
  std::mt19937 random(1);
  std::vector<Filled> live;
  for (int step = 0; step < 200'000; ++step) {
    if (live.size() < 300 && random() % 5 < 3) {
      live.push_back(Filled::make(1 + random() % 1200, static_cast<unsigned char>(random())));
    } else if (!live.empty()) {
      std::swap(live[random() % live.size()], live.back());
      ASSERT_TRUE(live.back().intact());
      live.back().free();
      live.pop_back();
    }
  }
  for (const Filled& block : live) block.free();
}

TEST(Pool, BlocksFreedOnAnotherThreadComeBack) {
  // Producers only allocate and consumers only free: the blocks must travel back through the shared
  // lists.
  constexpr int kEach = 20'000;
  std::mutex mutex;
  std::vector<Filled> handed;
  const auto produce = [&](unsigned char pattern) {
    for (int i = 0; i < kEach; ++i) {
      const Filled block = Filled::make(32 + i % 500, pattern);
      std::lock_guard lock(mutex);
      handed.push_back(block);
    }
  };
  std::atomic<int> bad{0}, freed{0};
  const auto consume = [&] {
    while (freed < 2 * kEach) {
      std::vector<Filled> taken;
      {
        std::lock_guard lock(mutex);
        taken.swap(handed);
      }
      for (const Filled& block : taken) {
        bad += !block.intact();
        block.free();
      }
      freed += static_cast<int>(taken.size());
    }
  };
  std::thread threads[] = {std::thread(produce, 1), std::thread(produce, 2), std::thread(consume),
                           std::thread(consume)};
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bad, 0);
}

// Frees a block when its thread's other state is gone already.
struct FreesLate {
  Filled block{};
  ~FreesLate() {
    if (block.data) block.free();
    Filled::make(64, 1).free();
  }
};

TEST(Pool, WorksWhileAThreadEnds) {
  for (int i = 0; i < 50; ++i) {
    std::thread([] {
      static thread_local FreesLate
          late;  // made before the pool's own state, so destroyed after it
      late.block = {};
      late.block = Filled::make(64, 9);
    }).join();
  }
}

TEST(Pool, ManyShortThreadsReuseMemory) {
  for (int i = 0; i < 500; ++i) {
    std::thread([] {
      std::vector<Filled> blocks;
      for (int n = 0; n < 200; ++n) blocks.push_back(Filled::make(128, 5));
      for (const Filled& block : blocks) block.free();
    }).join();
  }
}

TEST(Pool, PooledObjectsAreOfTheirSize) {
  struct Small final : Pooled<Small> {
    int64_t values[3];
  };
  auto* a = new Small;
  auto* b = new Small;
  EXPECT_NE(a, b);
  delete a;
  delete b;
}

}  // namespace
}  // namespace libtensor
