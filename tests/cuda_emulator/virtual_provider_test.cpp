// CUDA's virtual memory as a provider: pieces move between addresses with what they hold.
#include <gtest/gtest.h>

#include "core/error.h"
#include "cuda/providers.h"
#include "emulator.h"

namespace libtensor::cuda {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

TEST(VirtualProvider, PiecesMoveBetweenAddresses) {
  cuda_emulator_set_capacity(64 * kMiB);
  VirtualProvider provider(0, *driver_functions());
  const size_t piece = provider.properties().granularity;
  ASSERT_TRUE(provider.properties().virtual_memory);
  char* const range = static_cast<char*>(provider.reserve(8 * piece));
  ASSERT_NE(range, nullptr);
  memory::Physical physical = 0;
  ASSERT_TRUE(provider.create(piece, &physical));
  ASSERT_TRUE(provider.map(range, piece, physical));
  EXPECT_THROW(provider.open(range, 2 * piece), Error) << "the second is not mapped";
  ASSERT_TRUE(provider.open(range, piece));
  provider.watch_allocated(range, 100, 0);
  ASSERT_EQ(cudaMemsetAsync(range, 5, 100, nullptr), cudaSuccess);
  const memory::Event event = provider.record(0);
  ASSERT_NE(event, 0u);
  provider.wait(event);
  EXPECT_TRUE(provider.passed(event));
  provider.release(event);
  EXPECT_EQ(provider.record(0), event) << "events are used again";
  provider.release(event);
  provider.unmap(range, piece);
  ASSERT_TRUE(provider.map(range + 4 * piece, piece, physical));
  ASSERT_TRUE(provider.open(range + 4 * piece, piece));
  provider.unmap(range + 4 * piece, piece);
  provider.destroy(physical, piece);
  provider.unreserve(range, 8 * piece);
  EXPECT_EQ(cuda_emulator_report_count(), 0u);
}

TEST(VirtualProvider, OutOfMemoryIsAnAnswer) {
  cuda_emulator_set_capacity(4 * kMiB);
  VirtualProvider provider(0, *driver_functions());
  memory::Physical first = 7, second = 7;
  ASSERT_TRUE(provider.create(4 * kMiB, &first));
  EXPECT_FALSE(provider.create(2 * kMiB, &second));
  EXPECT_EQ(second, 7u);
  provider.destroy(first, 4 * kMiB);
  EXPECT_TRUE(provider.create(2 * kMiB, &second));
  provider.destroy(second, 2 * kMiB);
}

}  // namespace
}  // namespace libtensor::cuda
