#include "cpu/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <new>
#include <utility>

#include "core/eternal.h"
#include "core/fork.h"
#include "cpu/cores.h"

namespace libtensor::cpu {
namespace {

// A kernel needs less than 64 KiB. The rest is for the host: its memory provider may be called, and
// its thread-local memory is cut from the stack. Only pages that are touched take memory.
constexpr size_t kStackBytes = size_t{1} << 20;
// Some tens of microseconds: what lies between one loop and the next of a program that is busy.
constexpr int kSpins = 1000;
// So many loops do with the threads there are when one could not be started, before that is tried
// again: an attempt takes longer than many a loop.
constexpr int kLoopsWithoutStart = 1000;

constinit std::atomic<int> spins{0};

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Signals of the host's are for its own threads, but for those that tell of a fault in this one,
// and the profiler's.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (int signal : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGPROF, SIGSEGV, SIGSYS, SIGTRAP})
      sigdelset(&blocked, signal);
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

// A thread, and the word by which it and its borrower tell each other what to do.
class alignas(64) Worker {
 public:
  Worker* next = nullptr;   // in the list of those that are idle, or on loan together
  Worker* older = nullptr;  // in the list of all

  bool has_thread() const { return has_thread_; }
  bool start() noexcept;
  void forget_thread() {
    state_ = kIdle;
    has_thread_ = false;
  }
  void end() {
    tell(kEnding);
    pthread_join(thread_, nullptr);
  }

  void offer(Task& task) {
    task_ = &task;
    tell(kOffered);
  }
  // Does not wait for one that is late: it finds the offer gone.
  void take_back() {
    State offered = kOffered;
    if (!state_.compare_exchange_strong(offered, kIdle)) wait_while(kRunning, kAwaited);
  }

 private:
  enum State : int {
    kIdle,
    kAsleep,   // the worker, until it is woken
    kOffered,  // a task that it has not begun
    kRunning,
    kAwaited,  // running, and the borrower sleeps
    kEnding
  };

  void live();
  void tell(State what) {
    if (state_.exchange(what) == kAsleep) state_.notify_one();
  }
  // Returns when the other side has changed `state`: watches for a moment, then sleeps as `asleep`.
  void wait_while(State state, State asleep) {
    for (int i = spins.load(std::memory_order_relaxed); i > 0; --i) {
      if (state_.load() != state) return;
      pause();
    }
    if (state_.compare_exchange_strong(state, asleep)) state_.wait(asleep);
  }

  std::atomic<State> state_{kIdle};
  Task* task_ = nullptr;
  bool has_thread_ = false;
  pthread_t thread_{};
};

bool Worker::start() noexcept {
  const auto live = [](void* worker) -> void* {
    static_cast<Worker*>(worker)->live();
    return nullptr;
  };
  const SignalsBlocked blocked;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setstacksize(&attributes, kStackBytes);
  int error = pthread_create(&thread_, &attributes, live, this);
  // So where the host's thread-local memory leaves too little of that stack.
  if (error == EINVAL) error = pthread_create(&thread_, nullptr, live, this);
  pthread_attr_destroy(&attributes);
  return has_thread_ = error == 0;
}

void Worker::live() {
  pthread_setname_np(pthread_self(), "libtensor");
  use_allowed_cores();  // rather than those of the thread that came first
  for (;;) {
    wait_while(kIdle, kAsleep);
    State state = kOffered;
    if (state_.compare_exchange_strong(state, kRunning)) {
      task_->run();
      if (state_.exchange(kIdle) == kAwaited) state_.notify_one();
    } else if (state == kEnding) {
      return;
    }
  }
}

namespace {

void push(Worker*& list, Worker* worker) { worker->next = std::exchange(list, worker); }
Worker* pop(Worker*& list) { return list ? std::exchange(list, list->next) : nullptr; }

class ThreadPool {
 public:
  Worker* lend(int wanted, int limit) noexcept {
    std::lock_guard lock(mutex_);
    forget_lost_threads();
    if (cores_ == 0) cores_ = usable_cores();
    spins.store(limit <= cores_ ? kSpins : 0, std::memory_order_relaxed);
    const bool may_start = loops_without_start_ == 0;
    if (!may_start) --loops_without_start_;
    ++borrowers_;
    Worker* lent = nullptr;
    for (int room = std::min(wanted, limit - borrowers_ - on_loan_); room > 0; --room) {
      Worker* const worker = find_idle(may_start);
      if (!worker) break;
      ++on_loan_;
      push(lent, worker);
    }
    return lent;
  }

  void give_back(Worker* lent) noexcept {
    std::lock_guard lock(mutex_);
    --borrowers_;
    while (Worker* const worker = pop(lent)) {
      --on_loan_;
      if (!worker->has_thread()) loops_without_start_ = kLoopsWithoutStart;
      push(worker->has_thread() ? idle_ : without_thread_, worker);
    }
  }

  // When the library is unloaded: nobody is in a call.
  ~ThreadPool() {
    forget_lost_threads();
    while (Worker* const worker = all_) {
      all_ = worker->older;
      if (worker->has_thread()) worker->end();
      delete worker;
    }
  }

 private:
  Worker* find_idle(bool may_start) noexcept {
    if (idle_ || !may_start) return pop(idle_);
    if (without_thread_) return pop(without_thread_);
    Worker* const fresh = new (std::nothrow) Worker;
    if (fresh) fresh->older = std::exchange(all_, fresh);
    return fresh;
  }

  // In a forked child: the parent's threads do not exist here, neither those that borrow.
  void forget_lost_threads() noexcept {
    if (std::exchange(forks_, fork_count()) == fork_count()) return;
    borrowers_ = on_loan_ = loops_without_start_ = 0;
    idle_ = without_thread_ = nullptr;
    for (Worker* worker = all_; worker; worker = worker->older) {
      worker->forget_thread();
      push(without_thread_, worker);
    }
  }

  ForkSafeMutex mutex_{LockLevel::kWorkers};
  Worker *all_ = nullptr, *idle_ = nullptr, *without_thread_ = nullptr;
  int borrowers_ = 0, on_loan_ = 0, loops_without_start_ = 0, cores_ = 0;
  uint16_t forks_ = 0;
};
ThreadPool& pool() { return Eternal<ThreadPool>::get(); }

}  // namespace

Helpers::Helpers(Task& task, int wanted, int limit) noexcept
    : forks_(fork_count()), first_(pool().lend(wanted, limit)) {
  bool starts = true;
  for (Worker* worker = first_; worker; worker = worker->next)
    if (worker->has_thread() || (starts = starts && worker->start())) worker->offer(task);
}

void Helpers::finish() noexcept {
  if (fork_count() != forks_) return;
  for (Worker* worker = first_; worker; worker = worker->next) worker->take_back();
  pool().give_back(first_);
}

}  // namespace libtensor::cpu
