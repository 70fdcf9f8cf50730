// The host's memory: what is kept, what goes back, and what fork and threads leave behind.
#include "memory/host_memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "core/error.h"

namespace test {
namespace {

using libtensor::host_allocate;
using libtensor::host_allocator;
using libtensor::host_free;

constexpr size_t kMiB = size_t{1} << 20;

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

TEST(HostMemory, IsAlignedForEverySize) {
  for (size_t bytes = 0; bytes < 5000; bytes += 37) {
    void* const data = host_allocate(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % 64, 0u) << bytes;
    std::memset(data, 1, bytes);
    host_free(data, bytes);
  }
}

TEST(HostMemory, ALargeTemporaryCostsNoPageFaultsTheSecondTime) {
  const size_t bytes = 64 * kMiB;
  const auto use = [&] {
    void* const data = host_allocate(bytes);
    std::memset(data, 1, bytes);
    host_free(data, bytes);
  };
  use();
  const long before = page_faults();
  for (int i = 0; i < 5; ++i) use();
  EXPECT_LT(page_faults() - before, 100);
}

TEST(HostMemory, UnusedMemoryGoesBackAfterAWhile) {
  host_free(host_allocate(200 * kMiB), 200 * kMiB);
  EXPECT_GE(host_allocator().reserved_bytes(), 200 * kMiB) << "it is kept at first";
  // Two looks, each more than a second after the last: in between nothing large was needed.
  for (int i = 0; i < 2; ++i) {
    sleep(3);
    host_free(host_allocate(2 * kMiB), 2 * kMiB);
  }
  EXPECT_LT(host_allocator().reserved_bytes() - host_allocator().active_bytes(), 64 * kMiB);
}

TEST(HostMemory, NeverReservesMuchMoreThanWasNeeded) {
  host_allocator().empty_cache();
  host_allocator().reset_peaks();
  const size_t before = host_allocator().reserved_bytes();
  size_t most = 0;
  for (size_t bytes = 8 * kMiB; bytes < 128 * kMiB; bytes += 7 * kMiB) {
    host_free(host_allocate(bytes), bytes);
    most = std::max(most, bytes);
    EXPECT_LE(host_allocator().reserved_bytes(), before + most + most / 2 + 4 * kMiB);
  }
}

TEST(HostMemory, WorksInAForkedChildWhileThreadsAllocate) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "what other threads have locked of the sanitizer's allocator stays locked there";
#endif
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        host_free(host_allocate(5000), 5000);
        host_free(host_allocate(3 * kMiB), 3 * kMiB);
      }
    });
  }
  for (int i = 0; i < 30; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      alarm(30);
      for (int step = 0; step < 100; ++step) {
        void* const data = host_allocate(4 * kMiB);
        std::memset(data, 1, 4096);
        host_free(data, 4 * kMiB);
        host_free(host_allocate(3000), 3000);
      }
      host_allocator().empty_cache();
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the child hung or crashed";
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

TEST(HostMemory, BlocksOutliveTheThreadThatMadeThem) {
  std::vector<std::pair<void*, size_t>> blocks;
  const size_t before = host_allocator().statistics().allocated.now;
  std::thread([&] {
    for (const size_t bytes : {size_t{10}, size_t{500}, size_t{5000}, 3 * kMiB}) {
      blocks.push_back({host_allocate(bytes), bytes});
      std::memset(blocks.back().first, 7, bytes);
    }
  }).join();
  for (const auto& [data, bytes] : blocks) {
    EXPECT_EQ(static_cast<unsigned char*>(data)[bytes - 1], 7);
    host_free(data, bytes);
  }
  EXPECT_EQ(host_allocator().statistics().allocated.now, before);
}

TEST(HostMemory, SaysWhatItCouldNotGive) {
  try {
    host_allocate(size_t{1} << 50);
    FAIL();
  } catch (const libtensor::Error& error) {
    EXPECT_EQ(error.status(), libtensor::Status::kOutOfMemory);
    EXPECT_EQ(
        error.message().find("not enough memory: you tried to allocate 1125899906842624 bytes."),
        0u);
  }
}

#ifdef __SANITIZE_ADDRESS__
TEST(HostMemoryDeathTest, AUseAfterReleaseIsSeen) {
  for (const size_t bytes : {size_t{100}, size_t{5000}, 3 * kMiB}) {
    auto* const data = static_cast<volatile char*>(host_allocate(bytes));
    host_free(const_cast<char*>(data), bytes);
    EXPECT_DEATH(data[bytes / 2] = 1, "") << bytes;  // the report may go to a file
  }
}

TEST(HostMemoryDeathTest, AWriteBehindTheEndIsSeen) {
  auto* const data = static_cast<volatile char*>(host_allocate(5000));
  EXPECT_DEATH(data[5000] = 1, "");
  host_free(const_cast<char*>(data), 5000);
}
#endif

}  // namespace
}  // namespace test
