// Each mistake that the emulator is for is planted here and must be reported; the same program
// without it must not.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "emulator.h"
#include "include/cuda.h"
#include "include/cuda_runtime.h"
#include "planted_kernels.h"

namespace {

constexpr unsigned kCount = 100;
constexpr size_t kBytes = kCount * sizeof(float);

// A death test's program starts anew, since CUDA works in no forked child.
void start_anew() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

class Planted : public testing::TestWithParam<uint64_t> {
 protected:
  void SetUp() override {
    cuda_emulator_set_seed(GetParam());
    first_ = new_stream();
    second_ = new_stream();
    data_ = allocate(kBytes);
    other_ = allocate(kBytes);
  }
  void TearDown() override {
    EXPECT_EQ(all_reports(), "");
    for (void* data : allocated_) EXPECT_EQ(cudaFree(data), cudaSuccess);
    cudaStreamDestroy(first_);
    cudaStreamDestroy(second_);
  }

  static cudaStream_t new_stream() {
    cudaStream_t stream = nullptr;
    EXPECT_EQ(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, 0), cudaSuccess);
    return stream;
  }
  float* allocate(size_t bytes) {
    void* data = nullptr;
    EXPECT_EQ(cudaMalloc(&data, bytes), cudaSuccess);
    allocated_.push_back(data);
    return static_cast<float*>(data);
  }
  // Takes what was reported, after all work has run.
  static std::string all_reports() {
    std::string all;
    const size_t count = cuda_emulator_report_count();
    for (size_t i = 0; i < count; ++i) {
      char text[1000];
      cuda_emulator_report(i, text, sizeof text);
      all += text;
      all += '\n';
    }
    cuda_emulator_clear_reports();
    return all;
  }
  static void expect_report(const std::string& kind, const std::vector<std::string>& sites) {
    const std::string found = all_reports();
    EXPECT_NE(found.find(kind), std::string::npos) << "reported: " << found;
    for (const std::string& site : sites) {
      EXPECT_NE(found.find(site), std::string::npos) << site << " is not in: " << found;
    }
  }
  std::vector<float> values(const float* from, size_t count, cudaStream_t stream) {
    std::vector<float> here(count);
    cudaMemcpyAsync(here.data(), from, count * sizeof(float), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    return here;
  }

  cudaStream_t first_ = nullptr, second_ = nullptr;
  float *data_ = nullptr, *other_ = nullptr;
  std::vector<void*> allocated_;
};

TEST_P(Planted, MissingEventWait) {
  planted::fill(data_, kCount, first_);
  planted::add_one(data_, other_, kCount, second_);
  expect_report("race", {"'add_one'", "'fill'", "planted_kernels.cu", "stream"});
}

TEST_P(Planted, EventWaitIsEnough) {
  cudaEvent_t event = nullptr;
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  planted::fill(data_, kCount, first_);
  cudaEventRecord(event, first_);
  cudaStreamWaitEvent(second_, event);
  planted::add_one(data_, other_, kCount, second_);
  EXPECT_EQ(values(other_, kCount, second_)[7], 9.0f);
  cudaEventDestroy(event);
}

TEST_P(Planted, SynchronisedHostIsEnough) {
  planted::fill(data_, kCount, first_);
  cudaStreamSynchronize(first_);
  planted::add_one(data_, other_, kCount, second_);
  EXPECT_EQ(values(other_, kCount, second_)[7], 9.0f);
}

// The second stream reads; the first writes over it without asking.
TEST_P(Planted, WriteAfterReadOfAnotherStream) {
  planted::fill(data_, kCount, first_);
  cudaStreamSynchronize(first_);
  planted::add_one(data_, other_, kCount, second_);
  cudaMemsetAsync(data_, 0, kBytes, first_);
  expect_report("race", {"'add_one'", "'cudaMemsetAsync'"});
}

TEST_P(Planted, EventRecordedTooEarly) {
  cudaEvent_t event = nullptr;
  cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  cudaEventRecord(event, first_);
  planted::fill(data_, kCount, first_);
  cudaStreamWaitEvent(second_, event);
  planted::add_one(data_, other_, kCount, second_);
  expect_report("race", {"'add_one'", "'fill'"});
  cudaEventDestroy(event);
}

TEST_P(Planted, MissingBarrier) {
  planted::fill(data_, 64, first_);
  planted::reverse(data_, other_, /*barrier=*/false, first_);
  const std::string found = all_reports();
  EXPECT_NE(found.find("race in shared memory"), std::string::npos) << found;
}

TEST_P(Planted, BarrierIsEnough) {
  planted::fill(data_, 64, first_);
  planted::reverse(data_, other_, /*barrier=*/true, first_);
  std::vector<float> expected(64);
  std::iota(expected.rbegin(), expected.rend(), 1.0f);
  EXPECT_EQ(values(other_, 64, first_), expected);
}

TEST_P(Planted, OutOfBoundsWrite) {
  planted::fill_too_far(data_, kCount, first_);
  expect_report("out of bounds", {"'fill_too_far'", "writes 4 bytes",
                                  "0 bytes beyond the end of an allocation of 400 bytes"});
}

TEST_P(Planted, UseAfterFree) {
  float* const freed = allocate(kBytes);
  allocated_.pop_back();
  cudaFree(freed);
  planted::fill(freed, kCount, first_);
  expect_report("out of bounds", {"'fill'"});
}

TEST_P(Planted, UninitialisedRead) {
  planted::add_one(data_, other_, kCount, first_);
  expect_report("without a value", {"'add_one'", "reads 4 bytes at byte"});
}

TEST_P(Planted, UninitialisedSharedMemory) {
  planted::read_empty_shared(data_, first_);
  expect_report("without a value", {"'read_empty_shared'", "shared memory"});
}

// A copy hands on that there is no value; whoever uses it is to blame.
TEST_P(Planted, UninitialisedAfterCopy) {
  cudaMemcpyAsync(other_, data_, kBytes, cudaMemcpyDeviceToDevice, first_);
  EXPECT_EQ(all_reports(), "");
  std::vector<float> here(kCount);
  cudaMemcpyAsync(here.data(), other_, kBytes, cudaMemcpyDeviceToHost, first_);
  expect_report("without a value", {"'cudaMemcpyAsync'"});
}

TEST_P(Planted, MisalignedEndsTheProcess) {
  start_anew();
  planted::fill(data_, kCount, first_);
  planted::copy_fours(data_, other_, kCount, first_);
  EXPECT_EQ(all_reports(), "");
  EXPECT_EXIT(
      {
        planted::copy_fours(data_ + 1, other_, 8, first_);
        all_reports();
      },
      testing::ExitedWithCode(66), "misaligned: 'copy_fours'.* reads 16 bytes");
}

TEST_P(Planted, KernelUsesHostMemory) {
  std::vector<float> host(kCount);
  planted::fill(host.data(), kCount, first_);
  expect_report("a kernel uses memory of the host", {"'fill'"});
}

TEST_P(Planted, PinnedMemoryIsFine) {
  void* pinned = nullptr;
  ASSERT_EQ(cudaHostAlloc(&pinned, kBytes, cudaHostAllocDefault), cudaSuccess);
  planted::fill(static_cast<float*>(pinned), kCount, first_);
  cudaStreamSynchronize(first_);
  EXPECT_EQ(static_cast<float*>(pinned)[9], 10.0f);
  cudaFreeHost(pinned);
}

TEST_P(Planted, WarpSum) {
  planted::fill(data_, 32, first_);
  planted::warp_sum(data_, other_, first_);
  EXPECT_EQ(values(other_, 1, first_)[0], 528.0f);
}

TEST_P(Planted, LanesThatHaveLeft) {
  planted::shuffle_in_branch(data_, first_);
  expect_report("a lane that has ended", {"'shuffle_in_branch'"});
}

TEST_P(Planted, BarrierThatOthersDoNotReach) {
  planted::barrier_in_branch(first_);
  expect_report("that the others do not reach", {"'barrier_in_branch'"});
}

TEST_P(Planted, BlocksThatAddWithoutAtomics) {
  auto* const total = reinterpret_cast<unsigned*>(data_);
  cudaMemsetAsync(total, 0, sizeof *total, first_);
  planted::count(total, /*atomic=*/true, first_);
  EXPECT_EQ(all_reports(), "");
  planted::count(total, /*atomic=*/false, first_);
  expect_report("race", {"'count'"});
}

TEST_P(Planted, Leak) {
  void* lost = nullptr;
  cudaMalloc(&lost, 1000);
  cuda_emulator_report_leaks();
  expect_report("leak", {"3 allocations", "1800 bytes"});
  cudaFree(lost);
}

TEST_P(Planted, InjectedFaults) {
  void* data = nullptr;
  cuda_emulator_fail_allocation(2);
  ASSERT_EQ(cudaMalloc(&data, 8), cudaSuccess);
  allocated_.push_back(data);
  EXPECT_EQ(cudaMalloc(&data, 8), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  cuda_emulator_fail_launch(1);
  planted::fill(data_, kCount, first_);
  EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchOutOfResources);
  cuda_emulator_set_sticky_error(cudaErrorIllegalAddress);
  EXPECT_EQ(cudaStreamSynchronize(first_), cudaErrorIllegalAddress);
  EXPECT_EQ(cudaMalloc(&data, 8), cudaErrorIllegalAddress);
  cuda_emulator_set_sticky_error(0);
  cudaGetLastError();
  EXPECT_EQ(cudaStreamSynchronize(first_), cudaSuccess);
}

TEST_P(Planted, CapacityIsLimited) {
  cuda_emulator_set_capacity(1 << 20);
  void* data = nullptr;
  EXPECT_EQ(cudaMalloc(&data, 2 << 20), cudaErrorMemoryAllocation);
  cuda_emulator_set_capacity(size_t{4} << 30);
  cudaGetLastError();
}

TEST_P(Planted, VirtualMemory) {
  constexpr size_t kPiece = 2 << 20;
  CUdeviceptr range = 0;
  CUmemGenericAllocationHandle piece = 0;
  const CUmemAllocationProp properties{
      CU_MEM_ALLOCATION_TYPE_PINNED, 0, {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
  const CUmemAccessDesc access{{CU_MEM_LOCATION_TYPE_DEVICE, 0},
                               CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
  ASSERT_EQ(cuMemAddressReserve(&range, 2 * kPiece, 0, 0, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemCreate(&piece, kPiece, &properties, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemMap(range + kPiece, kPiece, 0, piece, 0), CUDA_SUCCESS);
  EXPECT_NE(cuMemMap(range + kPiece, kPiece, 0, piece, 0), CUDA_SUCCESS);
  ASSERT_EQ(cuMemSetAccess(range + kPiece, kPiece, &access, 1), CUDA_SUCCESS);
  auto* const mapped = reinterpret_cast<float*>(range + kPiece);
  planted::fill(mapped, kCount, first_);
  EXPECT_EQ(values(mapped, kCount, first_)[3], 4.0f);
  planted::fill(mapped - 4, 4, first_);  // before the piece
  expect_report("out of bounds", {"'fill'"});
  EXPECT_EQ(cuMemRelease(piece), CUDA_SUCCESS);
  EXPECT_NE(cuMemAddressFree(range, 2 * kPiece), CUDA_SUCCESS);
  EXPECT_EQ(cuMemUnmap(range + kPiece, kPiece), CUDA_SUCCESS);
  planted::fill(mapped, kCount, first_);
  expect_report("out of bounds", {"'fill'"});
  EXPECT_EQ(cuMemAddressFree(range, 2 * kPiece), CUDA_SUCCESS);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Planted, testing::Range<uint64_t>(0, 12));

TEST(PlantedDeathTest, HostDereference) {
  start_anew();
  void* data = nullptr;
  ASSERT_EQ(cudaMalloc(&data, 64), cudaSuccess);
  EXPECT_DEATH(*static_cast<volatile float*>(data) = 1, "");
  cudaFree(data);
}

// What nobody takes makes the process fail.
TEST(PlantedDeathTest, ReportsAreNotLost) {
  start_anew();
  EXPECT_EXIT(
      {
        void* data = nullptr;
        cudaMalloc(&data, 64);
        cuda_emulator_report_leaks();
        exit(0);
      },
      testing::ExitedWithCode(66), "leak: 1 allocation of device memory, 64 bytes");
}

// The order in which work of two streams runs, seen by a copy that the host did not wait for.
std::string order_of(uint64_t seed) {
  cuda_emulator_set_seed(seed);
  cudaStream_t streams[2];
  void* data[2];
  float* seen = nullptr;
  cudaHostAlloc(reinterpret_cast<void**>(&seen), 2 * sizeof(float), cudaHostAllocDefault);
  for (int i = 0; i < 2; ++i) {
    cudaStreamCreateWithPriority(&streams[i], cudaStreamNonBlocking, 0);
    cudaMalloc(&data[i], 16);
  }
  std::string order;
  seen[0] = seen[1] = 0;
  for (int i = 0; i < 2; ++i) {
    planted::fill(static_cast<float*>(data[i]), 1, streams[i]);
    cudaMemcpyAsync(seen + i, data[i], sizeof(float), cudaMemcpyDeviceToHost, streams[i]);
  }
  for (int step = 0; step < 8; ++step) {
    cudaPeekAtLastError();
    int count;
    cudaGetDeviceCount(&count);
    order +=
        std::to_string(static_cast<int>(seen[0])) + std::to_string(static_cast<int>(seen[1])) + ' ';
  }
  for (int i = 0; i < 2; ++i) {
    cudaStreamDestroy(streams[i]);
    cudaFree(data[i]);
  }
  cudaFreeHost(seen);
  return order;
}

TEST(Schedule, SeedsDecide) {
  std::set<std::string> orders;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const std::string order = order_of(seed);
    EXPECT_EQ(order_of(seed), order);
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 5u);
  const auto met = [&](const std::string& state) {
    return std::ranges::any_of(
        orders, [&](const auto& order) { return order.find(state) != std::string::npos; });
  };
  EXPECT_TRUE(met("01")) << "the second stream is never first";
  EXPECT_TRUE(met("10"));
  EXPECT_EQ(order_of(0), "11 11 11 11 11 11 11 11 ");
}

}  // namespace
