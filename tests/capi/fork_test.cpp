// The child of a fork works, though the threads of its parent do not exist in it.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "support/tensors.h"

namespace test {
namespace {

constexpr int64_t kLarge = 1 << 21;

// Enough work for every part that uses threads: pointwise, reduction, product, backward.
bool computes() {
  const Owned a = filled({kLarge}, 1, TENSOR_FLOAT32),
              sum = call(tensor_sum, call(tensor_add, a, a));
  const Owned m = filled({300, 300}, 1, TENSOR_FLOAT32, true), product = call(tensor_mm, m, m);
  const Owned loss = call(tensor_sum, product);
  return value(sum) == 2.0 * kLarge && value(loss) == 300.0 * 300 * 300 &&
         tensor_backward(loss) == TENSOR_OK && values(grad(m))[0] == 600;
}

// Runs `body` in a child, which an alarm ends should it hang.
void in_child(const std::function<bool()>& body) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(60);
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_FALSE(WIFSIGNALED(status))
      << (WTERMSIG(status) == SIGALRM ? "the child hung" : strsignal(WTERMSIG(status)));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the child computed something else";
}

class Fork : public TensorTest {};

TEST_F(Fork, BeforeAnyUse) { in_child(computes); }

TEST_F(Fork, AfterParallelUse) {
  ASSERT_TRUE(computes());
  in_child(computes);
  ASSERT_TRUE(computes()) << "the parent goes on";
}

TEST_F(Fork, ChildUsesHandlesAndGraphOfItsParent) {
  const Owned x = leaf({1, 2}), y = call(tensor_sum, call(tensor_mul, x, x));
  in_child([&] { return tensor_backward(y) == TENSOR_OK && values(grad(x)) == Values{2, 4}; });
  EXPECT_EQ(static_cast<tensor_t*>(grad(x)), nullptr);
}

TEST_F(Fork, GrandchildWorksToo) {
  ASSERT_TRUE(computes());
  in_child([] {
    in_child(computes);
    return !testing::Test::HasFailure() && computes();
  });
}

TEST_F(Fork, ChildMayAskForThreads) {
  ASSERT_TRUE(computes());
  in_child([] { return tensor_set_num_threads(4) == TENSOR_OK && computes(); });
}

TEST_F(Fork, WhileOtherThreadsMakeAndReleaseTensors) {
  // A lock that another thread holds at that moment would stay locked for ever in the child.
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the locks of the sanitizer's own allocator do just that";
#endif
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        const Owned x = leaf(Values(100, 1.0));
        std::vector<Owned> made;
        for (int n = 0; n < 300; ++n) made.push_back(call(tensor_mul, x, x));
        EXPECT_EQ(tensor_backward(call(tensor_sum, made.back())), TENSOR_OK);
      }
    });
  }
  for (int i = 0; i < 100 && !HasFatalFailure() && !HasNonfatalFailure(); ++i) {
    in_child([] {
      alarm(10);
      const Owned x = leaf({1, 2});
      std::vector<Owned> made;
      for (int n = 0; n < 500; ++n) made.push_back(call(tensor_mul, x, x));
      return tensor_backward(call(tensor_sum, made.back())) == TENSOR_OK &&
             values(grad(x)) == Values{2, 4};
    });
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace test
