// Random programs on the simulated device, plain and virtual, prompt and behind, whose driver fails
// now and then: after every step the allocator must agree with a plain model.
#include <algorithm>
#include <random>
#include <tuple>

#include "allocator_fixture.h"
#include "memory/context.h"

namespace test {
namespace {

using libtensor::Error;
using libtensor::Status;

constexpr Stream kStreams = 3;
constexpr uint32_t kTag = 7;

class RandomProgram {
 public:
  RandomProgram(bool virtual_memory, uint64_t lag, unsigned seed) : random_(seed) {
    auto owned = std::make_unique<SimulatedDevice>(
        SimulatedDevice::Options{96 * kMiB, virtual_memory, lag, 2 * kMiB, 512});
    device_ = owned.get();
    allocator_ = std::make_unique<CachingAllocator>(std::move(owned), "test device");
    allocator_->set_pressure_callback([this](size_t) { return under_pressure(); });
    allocator_->tags().account(kTag).budget = 24 * kMiB;
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      step();
      device_->tick();
      check(i % 50 == 0);
    }
    finish();
  }

 private:
  struct Held {
    size_t bytes;
    Stream stream;
    uint32_t tag;
  };
  using Blocks = std::map<uintptr_t, Held>;

  unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }
  Blocks::iterator any() { return std::next(blocks_.begin(), pick(unsigned(blocks_.size()))); }
  static void* pointer(uintptr_t address) { return reinterpret_cast<void*>(address); }

  void step() {
    const unsigned what = pick(1000);
    if (what < 450) {
      allocate();
    } else if (what < 700) {
      if (!blocks_.empty()) free(any());
    } else if (what < 850) {
      if (!blocks_.empty()) use_elsewhere(any());
    } else if (what < 920) {
      device_->complete(pick(kStreams));
    } else if (what < 960) {
      break_something();
    } else if (what < 975) {
      mend();
    } else if (what < 985) {
      allocator_->trim(pick(64) * kMiB);
    } else if (what < 990) {
      allocator_->empty_cache();
      EXPECT_LE(allocator_->statistics().reserved.now, device_->counts().peak);
    } else {
      set_budget();
    }
  }

  size_t size() {
    switch (pick(8)) {
      case 0:
        return pick(20 * kMiB);
      case 1:
      case 2:
        return pick(3 * kMiB);
      case 3:
        return 0;
      default:
        return pick(40000);
    }
  }

  // A failed allocation changes nothing, whoever failed; the model knows when one may fail.
  void allocate() {
    const size_t bytes = size();
    const Stream stream = pick(kStreams);
    current_tag = pick(5) == 0 ? kTag : 0;
    const DeviceStatistics before = allocator_->statistics();
    const uint64_t freed_before = freed_under_pressure_;
    try {
      const auto address = reinterpret_cast<uintptr_t>(allocator_->allocate(bytes, stream));
      check_apart(address, bytes);
      blocks_[address] = {bytes, stream, current_tag};
      allocated_ += bytes;
      peak_ = std::max(peak_, allocated_);
      ++allocations_;
      device_->launch(stream, pointer(address), std::max<size_t>(bytes, 1));
    } catch (const Error& error) {
      const DeviceStatistics after = allocator_->statistics();
      EXPECT_EQ(after.allocations, before.allocations);
      EXPECT_EQ(after.frees - before.frees, freed_under_pressure_ - freed_before);
      EXPECT_EQ(after.allocated.peak, peak_);
      if (error.status() == Status::kOutOfMemory) {
        EXPECT_EQ(after.out_of_memory, before.out_of_memory + 1);
        EXPECT_TRUE(broken_ || tight(bytes)) << "there was room: " << error.message();
      } else {
        EXPECT_TRUE(throws_) << error.message();
      }
    }
    current_tag = 0;
  }
  // Could the memory be too little, with all that fragmentation may cost?
  bool tight(size_t bytes) const {
    if (current_tag == kTag && held(kTag) + bytes > 24 * kMiB) return true;
    const size_t capacity = std::min<size_t>(96 * kMiB, allocator_->budget());
    return 3 * (allocated_ + bytes) + 12 * kMiB > capacity;
  }
  size_t held(uint32_t tag) const {
    size_t bytes = 0;
    for (const auto& [address, block] : blocks_) bytes += block.tag == tag ? block.bytes : 0;
    return bytes;
  }

  void check_apart(uintptr_t address, size_t bytes) const {
    EXPECT_EQ(address % 512, 0u);
    const auto after = blocks_.lower_bound(address);
    if (after != blocks_.end()) {
      EXPECT_LE(address + std::max<size_t>(bytes, 1), after->first);
    }
    if (after != blocks_.begin()) {
      const auto& [start, block] = *std::prev(after);
      EXPECT_LE(start + std::max<size_t>(block.bytes, 1), address);
    }
  }

  void free(Blocks::iterator block) {
    EXPECT_TRUE(allocator_->free(pointer(block->first)));
    EXPECT_FALSE(allocator_->free(pointer(block->first)));
    allocated_ -= block->second.bytes;
    ++frees_;
    blocks_.erase(block);
  }

  // Work on another stream, ordered as a correct program does.
  void use_elsewhere(Blocks::iterator block) {
    const auto& [address, held] = *block;
    const Stream other = pick(kStreams);
    device_->stream_wait(other, held.stream);
    device_->launch(other, pointer(address), std::max<size_t>(held.bytes, 1));
    EXPECT_TRUE(allocator_->record_stream(pointer(address), other));
    device_->stream_wait(held.stream, other);
  }

  bool under_pressure() {
    if (pick(3) == 0) return false;  // this host has nothing to give
    for (int i = 0; i < 3 && !blocks_.empty(); ++i) {
      free(any());
      ++freed_under_pressure_;
    }
    return pick(4) != 0 && !blocks_.empty();
  }

  void break_something() {
    using Call = SimulatedDevice::Call;
    constexpr Call kCalls[] = {Call::kAllocate, Call::kReserve, Call::kCreate, Call::kMap,
                               Call::kOpen};
    mend();
    throws_ = pick(3) == 0;
    broken_ = true;
    device_->fail(kCalls[pick(5)], 1 + pick(4),
                  throws_ ? SimulatedDevice::Failure::kThrow : SimulatedDevice::Failure::kAnswer);
  }
  void mend() {
    using Call = SimulatedDevice::Call;
    for (const Call call :
         {Call::kAllocate, Call::kReserve, Call::kCreate, Call::kMap, Call::kOpen}) {
      device_->fail(call, 0);
    }
    broken_ = throws_ = false;
  }

  void set_budget() {
    allocator_->set_budget(pick(2) == 0 ? SIZE_MAX : (32 + pick(64)) * kMiB);
    over_budget_ = allocator_->statistics().reserved.now;
  }

  void check(bool thoroughly) {
    const DeviceStatistics now = allocator_->statistics();
    EXPECT_EQ(now.allocated.now, allocated_);
    EXPECT_EQ(now.allocated.peak, peak_);
    EXPECT_EQ(now.allocations, allocations_);
    EXPECT_EQ(now.frees, frees_);
    EXPECT_GE(now.reserved.now, now.active.now);
    EXPECT_GE(now.active.now, now.allocated.now);
    EXPECT_LE(now.reserved.now, std::max<size_t>(over_budget_, now.capacity));
    EXPECT_EQ(now.reserved.now, device_->counts().reserved);
    EXPECT_EQ(device_->misuses(), std::vector<std::string>{});
    if (!thoroughly) return;
    EXPECT_EQ(allocator_->tags().account(kTag).allocated.now(), held(kTag));
    auto expected = blocks_.begin();
    std::vector<uintptr_t> used;
    allocator_->for_each_block([&](Stream, const Block& block) {
      if (block.state == Block::State::kUsed) used.push_back(block.address);
    });
    std::sort(used.begin(), used.end());
    ASSERT_EQ(used.size(), blocks_.size());
    for (const uintptr_t address : used) EXPECT_EQ(address, (expected++)->first);
  }

  void finish() {
    mend();
    while (!blocks_.empty()) free(blocks_.begin());
    allocator_->empty_cache();
    check(true);
    EXPECT_EQ(allocator_->statistics().reserved.now, 0u);
    EXPECT_EQ(allocator_->statistics().active.now, 0u);
    EXPECT_EQ(device_->counts().events, 0u) << "an event was not released";
    allocator_->set_budget(SIZE_MAX);
    void* const all = allocator_->allocate(90 * kMiB, 1);
    EXPECT_TRUE(allocator_->free(all));
  }

  std::mt19937 random_;
  SimulatedDevice* device_ = nullptr;
  std::unique_ptr<CachingAllocator> allocator_;
  Blocks blocks_;
  size_t allocated_ = 0, peak_ = 0, over_budget_ = 0;
  uint64_t allocations_ = 0, frees_ = 0, freed_under_pressure_ = 0;
  bool broken_ = false, throws_ = false;
};

class RandomPrograms : public testing::TestWithParam<std::tuple<bool, uint64_t>> {};

TEST_P(RandomPrograms, AgreeWithAPlainModel) {
  const auto [virtual_memory, lag] = GetParam();
  for (unsigned seed = 0; seed < 12 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomProgram(virtual_memory, lag, seed).run(1500);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, RandomPrograms,
    testing::Combine(testing::Bool(), testing::Values<uint64_t>(0, 40, SimulatedDevice::kManual)),
    [](const auto& each) {
      const uint64_t lag = std::get<1>(each.param);
      const char* behind = lag == 0 ? "Prompt" : lag == 40 ? "Behind" : "ByHand";
      return std::string(std::get<0>(each.param) ? "Virtual" : "Plain") + behind;
    });

// Two streams' blocks, of which a third stream uses one too: work that only the test ends.
struct BlocksInUse {
  explicit BlocksInUse(bool virtual_memory) {
    auto owned = std::make_unique<SimulatedDevice>(
        SimulatedDevice::Options{64 * kMiB, virtual_memory, SimulatedDevice::kManual});
    device = owned.get();
    allocator = std::make_unique<CachingAllocator>(std::move(owned), "test device");
    first = allocator->allocate(20 * kMiB, 0);
    second = allocator->allocate(20 * kMiB, 1);
    EXPECT_TRUE(allocator->record_stream(first, 2));
  }
  void free_both() {
    EXPECT_TRUE(allocator->free(first));
    EXPECT_TRUE(allocator->free(second));
  }

  SimulatedDevice* device;
  std::unique_ptr<CachingAllocator> allocator;
  void *first, *second;
};

// A lost device runs nothing any more: all counts as past, nothing waits for ever, and all goes
// back.
TEST(LostDevice, GivesEverythingBack) {
  for (const bool virtual_memory : {false, true}) {
    BlocksInUse blocks(virtual_memory);
    CachingAllocator& allocator = *blocks.allocator;
    blocks.device->lose();
    blocks.free_both();
    void* const c = allocator.allocate(60 * kMiB, 2);
    EXPECT_TRUE(allocator.free(c));
    allocator.empty_cache();
    EXPECT_EQ(allocator.statistics().reserved.now, 0u);
    EXPECT_EQ(allocator.statistics().waits, 0u);
  }
}

// An event that cannot be recorded or asked says nothing: memory that work may still use is neither
// handed out nor given back until one can be.
TEST(UnknownEvents, CountAsUnfinishedWork) {
  using Call = SimulatedDevice::Call;
  for (const bool virtual_memory : {false, true}) {
    for (const Call failing : {Call::kRecord, Call::kQuery}) {
      BlocksInUse blocks(virtual_memory);
      CachingAllocator& allocator = *blocks.allocator;
      SimulatedDevice* const device = blocks.device;
      device->launch(2, blocks.first, 20 * kMiB);
      device->launch(1, blocks.second, 20 * kMiB);
      device->fail(failing, 1);
      blocks.free_both();
      EXPECT_THROW(allocator.allocate(60 * kMiB, 0), Error);
      allocator.empty_cache();
      EXPECT_GE(allocator.statistics().reserved.now, 40 * kMiB);
      device->fail(failing, 0);
      void* const c = allocator.allocate(60 * kMiB, 0);  // waits for the work
      EXPECT_TRUE(allocator.free(c));
      EXPECT_TRUE(device->misuses().empty());
    }
  }
}

}  // namespace
}  // namespace test
