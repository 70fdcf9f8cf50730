// Handles: who owns them, and that no other 64 bits pass for one.
#include <random>
#include <thread>

#include "support/refusal.h"

namespace test {
namespace {

class Handle : public TensorTest {};

tensor_t* stray(uint64_t bits) { return reinterpret_cast<tensor_t*>(bits); }

constexpr char kNull[] = "t must not be NULL";
constexpr char kDead[] =
    "t is not a live tensor handle: it was released, or is not from this library";

TEST_F(Handle, IsCountedWhileItLives) {
  const size_t before = tensor_live_handles();
  tensor_t* t = filled({2}, 1).give();
  EXPECT_EQ(tensor_live_handles(), before + 1);
  OK(tensor_release(t));
  EXPECT_EQ(tensor_live_handles(), before);
}

TEST_F(Handle, IsNoPlausibleAddress) {
  const Owned t = filled({2}, 1);
  const auto bits = reinterpret_cast<uint64_t>(static_cast<tensor_t*>(t));
  EXPECT_EQ(bits & 1, 1u);
  EXPECT_NE(bits >> 48, 0u);
  EXPECT_NE(bits >> 48, 0xffffu);
}

TEST_F(Handle, ReleaseOfNullIsFine) { OK(tensor_release(nullptr)); }

TEST_F(Handle, ReleasedTwiceIsRefused) {
  tensor_t* t = filled({2}, 1).give();
  OK(tensor_release(t));
  expect_refusal({TENSOR_ERROR_INVALID_HANDLE, kDead}, {}, [&] { return tensor_release(t); });
}

TEST_F(Handle, ReleasedIsRefusedEvenWhenItsSlotIsInUseAgain) {
  std::vector<tensor_t*> dead;
  for (int i = 0; i < 1000; ++i) {
    tensor_t* t = filled({1}, i).give();
    OK(tensor_release(t));
    dead.push_back(t);
  }
  const Owned live = filled({1}, 7);
  int64_t out = 0;
  for (tensor_t* t : dead) ASSERT_EQ(tensor_numel(t, &out), TENSOR_ERROR_INVALID_HANDLE);
  EXPECT_EQ(value(live), 7);
}

TEST_F(Handle, RetainGivesASecondHandleOfTheSameTensor) {
  Owned first = filled({2}, 3);
  const Owned second = call(tensor_retain, first);
  EXPECT_NE(static_cast<tensor_t*>(first), static_cast<tensor_t*>(second));
  EXPECT_TRUE(is_same(first, second));
  OK(tensor_add_scalar_(first, number(1)));
  first.release();
  expect_values(second, {4, 4});
}

TEST_F(Handle, RetainRefusesBadArguments) {
  const Owned t = filled({2}, 3);
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "out must not be NULL"}, {t},
                 [&] { return tensor_retain(t, nullptr); });
  expect_no_result({TENSOR_ERROR_INVALID_HANDLE, kNull}, {},
                   [&](tensor_t** out) { return tensor_retain(nullptr, out); });
}

TEST_F(Handle, IsSameTellsTensorsApart) {
  const Owned a = filled({2}, 3), b = filled({2}, 3);
  EXPECT_FALSE(is_same(a, b));
  EXPECT_FALSE(is_same(a, view(a, {2})));
  bool out = false;
  expect_status(TENSOR_ERROR_INVALID_HANDLE, [&] { return tensor_is_same(a, nullptr, &out); });
  expect_status(TENSOR_ERROR_INVALID_HANDLE, [&] { return tensor_is_same(nullptr, a, &out); });
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return tensor_is_same(a, b, nullptr); });
}

TEST_F(Handle, MayBeReleasedInAnyOrder) {
  Owned base = filled({4}, 1), part = call(tensor_select, base, 0, 1);
  Owned sum = call(tensor_add, part, base);
  base.release();
  EXPECT_EQ(value(part), 1);
  part.release();
  expect_values(sum, {2, 2, 2, 2});
}

TEST_F(Handle, StrayPointersAreRefused) {
  const Owned live = filled({1}, 1);
  const auto bits = reinterpret_cast<uint64_t>(static_cast<tensor_t*>(live));
  int on_stack = 0;
  std::vector<uint64_t> strays = {1,
                                  2,
                                  3,
                                  0x1001,
                                  ~uint64_t{0},
                                  ~uint64_t{0} - 1,
                                  uint64_t{1} << 63,
                                  reinterpret_cast<uint64_t>(&on_stack),
                                  reinterpret_cast<uint64_t>(&tensor_numel)};
  for (int bit = 0; bit < 64; ++bit) strays.push_back(bits ^ uint64_t{1} << bit);
  for (uint64_t value : strays) {
    int64_t out = -1;
    ASSERT_EQ(tensor_numel(stray(value), &out), TENSOR_ERROR_INVALID_HANDLE) << std::hex << value;
    ASSERT_EQ(tensor_release(stray(value)), TENSOR_ERROR_INVALID_HANDLE) << std::hex << value;
    ASSERT_EQ(out, -1);
  }
}

TEST_F(Handle, AMillionRandomValuesAreRefused) {
#ifdef __SANITIZE_ADDRESS__
  constexpr int kValues = 50'000;  // an exception costs it a hundred times as much
#else
  constexpr int kValues = 1'000'000;
#endif
  const Owned live = filled({1}, 1);
  const auto bits = reinterpret_cast<uint64_t>(static_cast<tensor_t*>(live));
  std::mt19937_64 random(1);
  int64_t out = 0;
  for (int i = 0, count = repetitions(kValues); i < count; ++i) {
    // Half of them look much like a handle: right tag, right slot, another generation.
    const uint64_t noise = random(), mask = (uint64_t{1} << 56) - (uint64_t{1} << 28);
    const uint64_t value = i % 2 ? noise : (bits & ~mask) | (noise & mask);
    if (value == bits) continue;
    ASSERT_EQ(tensor_numel(stray(value), &out), TENSOR_ERROR_INVALID_HANDLE) << std::hex << value;
  }
}

TEST_F(Handle, OfOneThreadServesAnother) {
  Owned t;
  std::thread([&] { t = filled({2}, 5); }).join();
  expect_values(t, {5, 5});
  std::thread([&] { t.release(); }).join();
}

TEST_F(Handle, ReleasedByManyThreadsAtOnceGoesOnce) {
  for (int round = 0; round < 200; ++round) {
    tensor_t* t = filled({1}, 1).give();
    std::atomic<int> released{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] { released += tensor_release(t) == TENSOR_OK; });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(released, 1);
  }
}

TEST_F(Handle, ThreadsMakeAndReleaseEachOthers) {
  constexpr int kThreads = 4;
  const int each = repetitions(5000);
  std::vector<std::vector<tensor_t*>> made(kThreads);
  const auto on_all = [&](const std::function<void(int)>& body) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(body, i);
    for (std::thread& thread : threads) thread.join();
  };
  for (int round = 0; round < 3; ++round) {
    on_all([&](int i) {
      for (int n = 0; n < each; ++n) made[i].push_back(filled({2}, n).give());
    });
    on_all([&](int i) {
      for (tensor_t* t : made[(i + 1) % kThreads]) tensor_release(t);
    });
    for (auto& list : made) list.clear();
  }
}

}  // namespace
}  // namespace test
