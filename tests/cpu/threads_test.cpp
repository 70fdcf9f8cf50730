// Loops on threads, and host memory: nesting, exceptions, alignment, exhaustion.
#include "cpu/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/error.h"
#include "memory/host_memory.h"

namespace libtensor::cpu {
namespace {

class Threads : public testing::Test {
 protected:
  void SetUp() override {
    before_ = num_threads();
    set_num_threads(4);
  }
  void TearDown() override { set_num_threads(before_); }

 private:
  int before_;
};

TEST_F(Threads, EveryIndexOnce) {
  for (int64_t n : {0, 1, 2, 5, 100, 101, 1000}) {
    for (int64_t grain : {1, 3, 50, 5000}) {
      std::vector<std::atomic<int>> seen(n);
      parallel_for(n, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) ++seen[i];
      });
      for (auto& count : seen) ASSERT_EQ(count, 1);
    }
  }
}

TEST_F(Threads, NestedCallsAreSerial) {
  std::atomic<int> inner{0};
  parallel_for(4, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const std::thread::id here = std::this_thread::get_id();
      parallel_for(100, 1, [&](int64_t, int64_t) {
        EXPECT_EQ(here, std::this_thread::get_id());
        ++inner;
      });
    }
  });
  EXPECT_EQ(inner, 4);
}

TEST_F(Threads, ExceptionsAreCarriedOut) {
  EXPECT_THROW(
      parallel_for(100, 1, [](int64_t, int64_t) { throw std::runtime_error("from a body"); }),
      std::runtime_error);
  EXPECT_THROW(
      parallel_for(1, 1, [](int64_t, int64_t) { throw std::runtime_error("from a body"); }),
      std::runtime_error);
}

TEST_F(Threads, NumbersOutOfRangeAreTheNearest) {
  set_num_threads(0);
  EXPECT_EQ(num_threads(), 1);
  set_num_threads(1 << 30);
  EXPECT_EQ(num_threads(), most_threads());
}

TEST(HostMemory, AlignedAndDistinct) {
  std::vector<std::pair<unsigned char*, size_t>> blocks;
  for (size_t bytes : {0, 1, 63, 64, 65, 80, 81, 1000, 4096, 100000, 4194304, 4194305, 9000000}) {
    for (int i = 0; i < 3; ++i) {
      auto* data = static_cast<unsigned char*>(host_allocate(bytes));
      ASSERT_EQ(reinterpret_cast<uintptr_t>(data) % 64, 0u);
      std::memset(data, static_cast<int>(blocks.size()), bytes);
      blocks.emplace_back(data, bytes);
    }
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    for (size_t at = 0; at < blocks[i].second; at += 61) ASSERT_EQ(blocks[i].first[at], i % 256);
    host_free(blocks[i].first, blocks[i].second);
  }
  host_free(nullptr, 0);
}

TEST(HostMemory, ManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 20000; ++i) {
        const size_t bytes = static_cast<size_t>(i * 37 % 5000);
        auto* data = static_cast<unsigned char*>(host_allocate(bytes));
        std::memset(data, t, bytes);
        for (size_t at = 0; at < bytes; at += 97) EXPECT_EQ(data[at], t);
        host_free(data, bytes);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(HostMemory, ExhaustionIsAnError) {
  try {
    host_allocate(size_t{1} << 60);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::kOutOfMemory);
    EXPECT_NE(error.message().find("1152921504606846976 bytes"), std::string::npos);
  }
}

}  // namespace
}  // namespace libtensor::cpu
