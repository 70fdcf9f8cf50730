// The worker threads: who gets how many, what they are like, and what becomes of them in a child.
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cfenv>
#include <csignal>
#include <mutex>
#include <set>
#include <stdexcept>

#include "core/error.h"
#include "cpu/cores.h"
#include "cpu/threads.h"

namespace libtensor::cpu {
namespace {

class ThreadPool : public testing::Test {
 protected:
  void TearDown() override { set_num_threads(before_); }

 private:
  const int before_ = num_threads();
};

// Where threads wait until so many have come.
class Meeting {
 public:
  explicit Meeting(int count) : missing_(count) {}
  void come() {
    --missing_;
    wait();
  }
  void wait() const {
    while (missing_ > 0) std::this_thread::yield();
  }

 private:
  std::atomic<int> missing_;
};

// A loop on so many threads: each waits for the others, so that none takes a second piece.
template <class F>
void on_each_of(int threads, F&& body) {
  Meeting meeting(threads);
  parallel_for(threads, 1, [&](int64_t begin, int64_t end) {
    ASSERT_EQ(end, begin + 1);
    meeting.come();
    body();
  });
}

// Calls `body` on workers, not on the calling thread.
template <class F>
void on_workers(F&& body) {
  const std::thread::id caller = std::this_thread::get_id();
  on_each_of(num_threads(), [&] {
    if (std::this_thread::get_id() != caller) body();
  });
}

// What the workers write, they write plainly: ThreadSanitizer sees whether it is handed over.
bool indices_come_once(int64_t n, int64_t grain) {
  std::vector<int> seen(n);
  std::atomic<int64_t> count{0};
  parallel_for(n, grain, [&](int64_t begin, int64_t end) {
    count.fetch_add(end - begin, std::memory_order_relaxed);
    for (int64_t i = begin; i < end; ++i) ++seen[i];
  });
  return count == n && std::count(seen.begin(), seen.end(), 1) == n;
}

TEST_F(ThreadPool, EveryIndexComesOnce) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    set_num_threads(static_cast<int>(1 + random() % 9));
    const int64_t n = random() % 300, grain = random() % 20;
    ASSERT_TRUE(indices_come_once(n, grain)) << n << " by " << grain << " on " << num_threads();
  }
}

TEST_F(ThreadPool, AllThreadsWorkAtOnce) {
  for (int threads : {2, 7, 3}) {
    set_num_threads(threads);
    std::set<std::thread::id> seen;
    std::mutex mutex;
    for (int i = 0; i < 100; ++i) {
      on_each_of(threads, [&] {
        const std::lock_guard lock(mutex);
        seen.insert(std::this_thread::get_id());
      });
    }
    EXPECT_GE(seen.size(), static_cast<size_t>(threads));
    EXPECT_LE(seen.size(), 7u) << "workers that are there are used";
  }
}

TEST_F(ThreadPool, WhatAWorkerThrowsIsThrownToTheCaller) {
  set_num_threads(3);
  for (int i = 0; i < 100; ++i) {
    EXPECT_THROW(on_workers([] { throw std::runtime_error("from a worker"); }), std::runtime_error);
  }
  EXPECT_TRUE(indices_come_once(100, 1));
}

// A loop of another thread's, which keeps that one and so many workers busy for as long as it
// lives.
class LoopElsewhere {
 public:
  explicit LoopElsewhere(int workers) : running_(workers + 1), end_(1) {
    thread_ = std::thread([this, workers] {
      parallel_for(workers + 1, 1, [this](int64_t, int64_t) {
        running_.come();
        end_.wait();
      });
    });
    running_.wait();
  }
  ~LoopElsewhere() {
    end_.come();
    thread_.join();
  }

 private:
  Meeting running_, end_;
  std::thread thread_;
};

// Lets a worker come that should not be there.
void take_some_time() {
  for (int i = 0; i < 50; ++i) std::this_thread::yield();
}

size_t threads_of_a_loop(int pieces) {
  std::set<std::thread::id> seen;
  std::mutex mutex;
  parallel_for(pieces, 1, [&](int64_t, int64_t) {
    take_some_time();
    const std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  return seen.size();
}

TEST_F(ThreadPool, CallersShareTheWorkers) {
  set_num_threads(3);
  on_each_of(3, [] {});  // the threads are there
  {
    const LoopElsewhere loop(1);  // with this thread, three are busy
    for (int i = 0; i < 30; ++i) ASSERT_EQ(threads_of_a_loop(3), 1u);
    set_num_threads(4);
    on_each_of(2, [] {});
    for (int i = 0; i < 30; ++i) ASSERT_LE(threads_of_a_loop(4), 2u);
  }
  on_each_of(4, [] {});  // what was lent is back
}

TEST_F(ThreadPool, CallersAtOnceKeepNoMoreWorkersBusyThanThereMayBe) {
  constexpr int kCallers = 4, kThreads = 3;
  set_num_threads(kThreads);
  std::atomic<int> workers{0}, most{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < kCallers; ++t) {
    callers.emplace_back([&] {
      const std::thread::id caller = std::this_thread::get_id();
      for (int i = 0; i < 50; ++i) {
        std::atomic<int> pieces{0};
        parallel_for(kThreads, 1, [&](int64_t, int64_t) {
          ++pieces;
          if (std::this_thread::get_id() == caller) return take_some_time();
          const int now = ++workers;
          for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
          }
          take_some_time();
          --workers;
        });
        ASSERT_EQ(pieces, kThreads);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_LT(most, kThreads);
  on_each_of(kThreads, [] {});
}

TEST_F(ThreadPool, TheNumberOfThreadsMayChangeDuringLoops) {
  std::atomic<bool> done{false};
  std::thread changing([&] {
    for (int i = 0; !done; ++i) set_num_threads(1 + i % 5);
  });
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t) {
    callers.emplace_back([] {
      for (int i = 0; i < 1000; ++i) ASSERT_TRUE(indices_come_once(50 + i % 7, 3));
    });
  }
  for (std::thread& caller : callers) caller.join();
  done = true;
  changing.join();
}

TEST_F(ThreadPool, WorkersAreNamedAndTakeNoSignalsOfTheHosts) {
  set_num_threads(3);
  on_workers([] {
    char name[32] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    EXPECT_STREQ(name, "libtensor");
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    for (int signal : {SIGINT, SIGTERM, SIGCHLD, SIGALRM, SIGUSR1, SIGRTMAX})
      EXPECT_EQ(sigismember(&blocked, signal), 1) << signal;
    for (int signal : {SIGSEGV, SIGBUS, SIGFPE}) EXPECT_EQ(sigismember(&blocked, signal), 0);
  });
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 0) << "the caller takes them as before";
}

TEST_F(ThreadPool, WorkersHaveRoomOnTheirStacks) {
  set_num_threads(3);
  on_workers([] {
    pthread_attr_t attributes;
    void* lowest;
    size_t bytes = 0;
    ASSERT_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
    pthread_attr_getstack(&attributes, &lowest, &bytes);
    pthread_attr_destroy(&attributes);
    EXPECT_GT(static_cast<char*>(__builtin_frame_address(0)) - static_cast<char*>(lowest),
              128 << 10);
  });
}

TEST_F(ThreadPool, WorkersRoundAsTheirCallerDoes) {
  set_num_threads(3);
  on_each_of(3, [] {});
  for (int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST}) {
    std::fesetround(mode);
    on_workers([mode] { EXPECT_EQ(std::fegetround(), mode); });
    EXPECT_EQ(std::fegetround(), mode);
  }
}

TEST_F(ThreadPool, WorkersRaiseTheCallersExceptions) {
  set_num_threads(2);
  std::feclearexcept(FE_ALL_EXCEPT);
  on_workers([] {
    const volatile float zero = 0;
    [[maybe_unused]] const volatile float infinity = 1 / zero;
  });
  EXPECT_NE(std::fetestexcept(FE_DIVBYZERO), 0);
  EXPECT_EQ(std::fetestexcept(FE_INVALID | FE_OVERFLOW), 0);
  std::feclearexcept(FE_ALL_EXCEPT);
  on_workers([] {});
  EXPECT_EQ(std::fetestexcept(FE_ALL_EXCEPT), 0) << "those of another loop";
}

#ifndef __SANITIZE_THREAD__  // it lets no child of a process with threads start any

// What becomes of a child that runs `body`: 0 where that is true.
int status_of_child(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(body() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

bool has_threads(int count) {
  on_each_of(count, [] {});
  return indices_come_once(100, 1);
}

TEST_F(ThreadPool, AChildHasThreadsOfItsOwn) {
  set_num_threads(4);
  on_each_of(4, [] {});
  EXPECT_EQ(status_of_child([] {
              return has_threads(4) && status_of_child([] { return has_threads(4); }) == 0 &&
                     has_threads(4);
            }),
            0);
  on_each_of(4, [] {});
}

TEST_F(ThreadPool, AChildHasThreadsWhereOthersRanLoops) {
  set_num_threads(3);
  std::atomic<bool> done{false};
  std::vector<std::thread> callers;
  for (int t = 0; t < 2; ++t) {
    callers.emplace_back([&] {
      while (!done) EXPECT_TRUE(indices_come_once(30, 1));
    });
  }
  for (int i = 0; i < 100; ++i) ASSERT_EQ(status_of_child([] { return has_threads(3); }), 0) << i;
  done = true;
  for (std::thread& caller : callers) caller.join();
  const LoopElsewhere loop(2);  // all threads are busy here, and nobody is in the child
  EXPECT_EQ(status_of_child([] { return has_threads(3); }), 0);
}

TEST_F(ThreadPool, AChildForkedByABodyIsToldWhatIsMissing) {
  set_num_threads(2);
  const pid_t parent = getpid();
  const std::thread::id caller = std::this_thread::get_id();
  Meeting forked(1);
  int status = -1;
  try {
    on_each_of(2, [&] {
      if (std::this_thread::get_id() != caller) return forked.wait();
      const pid_t child = fork();
      child == 0 ? alarm(60) : waitpid(child, &status, 0);
      forked.come();
    });
    ASSERT_EQ(getpid(), parent);
  } catch (const Error& error) {
    if (getpid() != parent) _exit(has_threads(2) ? 3 : 4);
    FAIL() << error.what();
  }
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 3);
}

#endif

}  // namespace
}  // namespace libtensor::cpu
