// The child of a fork works, though the threads of its parent do not exist in it.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
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
#ifdef __SANITIZE_THREAD__  // ends a child whose thread gets the number of one of its parent
    tensor_set_num_threads(1);
#endif
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

// A thread that is in the middle of a call with a tensor for as long as this lives.
class UseElsewhere {
 public:
  explicit UseElsewhere(tensor_t* t) {
    EXPECT_EQ(tensor_set_location_callback(wait, this, nullptr), TENSOR_OK);
    EXPECT_EQ(tensor_set_detect_anomaly(true, false), TENSOR_OK);
    thread_ = std::thread([this, t] {
      EXPECT_EQ(tensor_mul(leaf({1, 2}), t, Owned().out()), TENSOR_OK) << tensor_last_error();
    });
    while (!reached_) std::this_thread::yield();
  }
  ~UseElsewhere() {
    left_ = true;
    thread_.join();
    EXPECT_EQ(tensor_set_detect_anomaly(false, false), TENSOR_OK);
    EXPECT_EQ(tensor_set_location_callback(nullptr, nullptr, nullptr), TENSOR_OK);
  }

 private:
  static tensor_status_t wait(void* user, char*, size_t, size_t* length) {
    auto* const self = static_cast<UseElsewhere*>(user);
    *length = 0;
    self->reached_ = true;
    while (!self->left_) std::this_thread::yield();
    return TENSOR_OK;
  }
  std::atomic<bool> reached_{false}, left_{false};
  std::thread thread_;
};

// What other threads were using is nobody's any more: they do not exist in the child.
TEST_F(Fork, ChildChangesWhatAThreadOfItsParentUses) {
  const Owned t = plain({1, 2});
  {
    const UseElsewhere use(t);
    in_child([&] { return tensor_unsqueeze_(t, 0) == TENSOR_OK; });
    EXPECT_NE(tensor_unsqueeze_(t, 0), TENSOR_OK);
  }
  EXPECT_EQ(tensor_unsqueeze_(t, 0), TENSOR_OK) << tensor_last_error();
}

#ifdef SYS_membarrier
bool give_up_membarrier() {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(rules), rules};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// As in a sandbox: what is in use is known without it as well.
TEST_F(Fork, ChildMayBeForbiddenTheBarrier) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "see in_child";
#endif
  in_child([] {
    if (!give_up_membarrier()) return true;
    const Owned t = plain({1, 2});
    for (int i = 0; i < 3; ++i) {
      const UseElsewhere use(t);
      if (tensor_unsqueeze_(t, 0) == TENSOR_OK) return false;
    }
    return tensor_unsqueeze_(t, 0) == TENSOR_OK && computes();
  });
}
#endif

TEST_F(Fork, GrandchildWorksToo) {
  ASSERT_TRUE(computes());
  in_child([] {
    in_child(computes);
    return !testing::Test::HasFailure() && computes();
  });
}

TEST_F(Fork, ChildMayAskForThreads) {
  ASSERT_TRUE(computes());
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "see in_child";
#endif
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
