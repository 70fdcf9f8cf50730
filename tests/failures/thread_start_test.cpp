// A system that starts no further thread.
#include <sys/wait.h>

#include "failures/failing_thread.h"
#include "support/callbacks.h"

namespace test {
namespace {

class ThreadStart : public TensorTest {};

// A leaf whose gradient's hook runs the next backward; what that gives is what this gives.
tensor_status_t backward_within_backward(int levels) {
  if (levels == 0) return TENSOR_OK;
  EXPECT_EQ(tensor_grad_enabled_set(true, nullptr), TENSOR_OK);  // it is off in hooks
  const Owned x = filled({2}, 1, TENSOR_FLOAT64, true);
  const OwnedHook hook =
      on_tensor(x, [&](tensor_t**) { return backward_within_backward(levels - 1); });
  return tensor_backward(call(tensor_sum, call(tensor_exp, x)));
}

// Every sixtieth pass within a pass gets a thread.
TEST_F(ThreadStart, OfAPassWithinPassesThatFailsIsOutOfMemory) {
  const size_t live = tensor_live_handles();
  {
    const NoThreadStarts none;
    EXPECT_EQ(backward_within_backward(50), TENSOR_OK) << tensor_last_error();
    EXPECT_EQ(backward_within_backward(100), TENSOR_ERROR_OUT_OF_MEMORY);
    EXPECT_STREQ(tensor_last_error(), "out of memory: the system starts no further thread");
    EXPECT_EQ(tensor_live_handles(), live);
  }
  EXPECT_EQ(backward_within_backward(100), TENSOR_OK) << tensor_last_error();
  EXPECT_EQ(tensor_live_handles(), live);
}

// Runs `body` in a child, which has no threads yet, and looks whether it is true there.
void in_child(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(body() && !testing::Test::HasFailure() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}

constexpr int kThreads = 5, kWorkers = kThreads - 1;

Values exponentials(int threads) {
  EXPECT_EQ(tensor_set_num_threads(threads), TENSOR_OK);
  Values numbers(300000);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = 1e-5 * static_cast<double>(i);
  return values(call(tensor_exp, plain(numbers)));
}

TEST_F(ThreadStart, OfAWorkerThatFailsLeavesTheLoopToTheOthers) {
  const Values expected = exponentials(1);
  for (int number = 1; number <= kWorkers; ++number) {
    in_child([&] {
      let_thread_fail(number);
      const bool same = exponentials(kThreads) == expected;
      EXPECT_LT(started_threads(), kWorkers);
      // In time they are all there.
      for (int loop = 0; loop < 3000; ++loop) call(tensor_neg, filled({300000}, 1));
      EXPECT_EQ(started_threads(), kWorkers);
      return same && exponentials(kThreads) == expected;
    });
  }
}

TEST_F(ThreadStart, OfNoWorkerLeavesTheLoopToTheCaller) {
  const Values expected = exponentials(1);
  in_child([&] {
    let_thread_fail(0);
    {
      const NoThreadStarts none;
      for (int loop = 0; loop < 30; ++loop)
        if (exponentials(kThreads) != expected) return false;
    }
    return started_threads() == 0;
  });
}

}  // namespace
}  // namespace test
