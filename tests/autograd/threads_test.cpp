// Backward passes of several threads at once.
#include <atomic>
#include <thread>

#include "support/callbacks.h"
#include "support/gradients.h"

namespace test {
namespace {

class Threads : public TensorTest {
 protected:
  std::atomic<bool> cancelled_{false};
};

void on_threads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Threads, GradientsOfASharedLeafAddUp) {
  constexpr int kThreads = 4;
  const int passes = repetitions(2000);
  const Owned x = leaf(Values(100, 1.0));
  on_threads(kThreads, [&](int) {
    for (int i = 0; i < passes; ++i) {
      const Owned y = call(tensor_sum, call(tensor_mul_scalar, x, number(3)));
      ASSERT_EQ(tensor_backward(y), TENSOR_OK) << tensor_last_error();
    }
  });
  expect_values(grad(x), Values(100, 3.0 * kThreads * passes));
}

TEST_F(Threads, FirstGradientOfALeafIsNotLost) {
  for (int round = 0; round < 500; ++round) {
    const Owned x = leaf({1, 2});
    on_threads(2, [&](int) {
      ASSERT_EQ(tensor_backward(call(tensor_sum, call(tensor_mul, x, x))), TENSOR_OK);
    });
    expect_values(grad(x), {4, 8});
  }
}

TEST_F(Threads, PassesOverOneRetainedGraphAddUp) {
  constexpr int kThreads = 4;
  const int passes = repetitions(1000);
  const Owned x = leaf({1, 2});
  Owned y = call(tensor_mul, x, x);
  for (int i = 0; i < 20; ++i) y = call(tensor_add, y, x);
  const Owned loss = call(tensor_sum, y);
  on_threads(kThreads, [&](int) {
    tensor_backward_options_t options = tensor_backward_options_default();
    options.retain_graph = true;
    for (int i = 0; i < passes; ++i) {
      ASSERT_EQ(tensor_backward_with(loss, &options), TENSOR_OK) << tensor_last_error();
    }
  });
  expect_values(grad(x), {22.0 * kThreads * passes, 24.0 * kThreads * passes});
}

// Without retain_graph only one pass may use what a node saved: a mistake of the program, which the
// other pass is told of.
TEST_F(Threads, PassesThatFreeEachOthersGraphAreRefused) {
  int refused = 0;
  for (int round = 0; round < 100; ++round) {
    const Owned x = leaf({1, 2});
    Owned y = call(tensor_mul, x, x);
    for (int i = 0; i < 20; ++i) y = call(tensor_mul, y, x);
    const Owned loss = call(tensor_sum, y);
    std::atomic<int> failures{0}, ready{0};
    on_threads(2, [&](int) {
      ++ready;
      while (ready < 2) std::this_thread::yield();
      if (tensor_backward(loss) == TENSOR_OK) return;
      ++failures;
      EXPECT_NE(std::string(tensor_last_error()).find("a second time"), std::string::npos)
          << tensor_last_error();
    });
    refused += failures;
  }
  EXPECT_GE(refused, 50);
}

TEST_F(Threads, GraphOfOneThreadRunsOnAnother) {
  const Owned x = leaf({1, 2});
  Owned y;
  std::thread([&] { y = call(tensor_sum, call(tensor_mul, x, x)); }).join();
  std::thread([&] { EXPECT_EQ(tensor_backward(y), TENSOR_OK); }).join();
  expect_values(grad(x), {2, 4});
}

TEST_F(Threads, GraphsOfDifferentThreadsJoin) {
  const Owned x = leaf({1, 2});
  Owned a, b;
  std::thread([&] { a = call(tensor_mul, x, x); }).join();
  std::thread([&] { b = call(tensor_exp, a); }).join();
  OK(tensor_backward(call(tensor_sum, call(tensor_add, a, b))));
  expect_near(grad(x), {2 + 2 * std::exp(1), 4 + 4 * std::exp(4)});
}

TEST_F(Threads, RunningBackwardIsCancelledFromAnotherThread) {
  OwnedCancel cancel;
  OK(tensor_cancel_new(cancel.out()));
  tensor_backward_options_t options = tensor_backward_options_default();
  options.cancel = cancel;
  options.retain_graph = true;
  const Owned x = leaf({1, 2});
  Owned y = call(tensor_mul_scalar, x, number(1));
  std::atomic<bool> running{false};
  on_tensor(y, [&](tensor_t**) {  // runs last but for the first multiplication and the leaf
    running = true;
    bool cancelled = false;
    while (!cancelled) cancelled = cancelled_;
    return TENSOR_OK;
  });
  for (int i = 0; i < 100; ++i) y = call(tensor_mul_scalar, y, number(1));
  const Owned total = call(tensor_sum, y);
  std::thread other([&] {
    while (!running) std::this_thread::yield();
    EXPECT_EQ(tensor_cancel(cancel), TENSOR_OK);
    cancelled_ = true;
  });
  EXPECT_EQ(tensor_backward_with(total, &options), TENSOR_ERROR_CANCELLED);
  EXPECT_STREQ(tensor_last_error(), "backward was cancelled");
  other.join();
  // The request holds until it is taken back; everything can be used again.
  EXPECT_EQ(tensor_backward_with(total, &options), TENSOR_ERROR_CANCELLED);
  EXPECT_EQ(static_cast<tensor_t*>(grad(x)), nullptr);
  OK(tensor_cancel_reset(cancel));
  OK(tensor_backward_with(total, &options));
  expect_values(grad(x), {1, 1});
}

TEST_F(Threads, HooksAreAddedAndRemovedWhileBackwardRuns) {
  const Owned x = leaf({1, 2}), y = call(tensor_mul, x, x), total = call(tensor_sum, y);
  std::atomic<int> calls{0}, passes{0};
  tensor_backward_options_t options = tensor_backward_options_default();
  options.retain_graph = true;
  std::thread runner([&] {
    for (int i = 0; i < 500; ++i) {
      EXPECT_EQ(tensor_backward_with(total, &options), TENSOR_OK);
      ++passes;
    }
  });
  while (passes < 500) {
    const OwnedHook hook = on_tensor(y, [&](tensor_t**) {
      ++calls;
      return TENSOR_OK;
    });
    const OwnedHook other = on_tensor(x, [](tensor_t**) { return TENSOR_OK; });
    EXPECT_EQ(tensor_hook_remove(hook), TENSOR_OK);
    EXPECT_EQ(tensor_hook_remove(other), TENSOR_OK);
  }
  runner.join();
  expect_values(grad(x), {1000, 2000});
}

}  // namespace
}  // namespace test
