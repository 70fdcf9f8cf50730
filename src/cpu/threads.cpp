#include "cpu/threads.h"

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <exception>

#include "core/error.h"
#include "core/thread_local.h"
#include "cpu/cores.h"
#include "cpu/thread_pool.h"

namespace libtensor::cpu {
namespace {

constinit std::atomic<int> chosen_threads{0};  // 0: not chosen yet

LIBTENSOR_FAST_THREAD_LOCAL bool in_region = false;

// A run of a body on several threads. Each takes the next piece until there is none left: what a
// worker that comes late would have done, the others do.
class Region final : public Task {
 public:
  Region(internal::Body body, void* context, int64_t n, int64_t pieces)
      : body_(body), context_(context), n_(n), length_(ceil_div(n, pieces)) {
    std::fegetenv(&callers_);
  }

  // On a worker, which rounds, and flushes subnormal numbers to zero, as the caller does.
  void run() noexcept override {
    std::fesetenv(&callers_);
    work();
    raised_.fetch_or(std::fetestexcept(FE_ALL_EXCEPT), std::memory_order_relaxed);
  }

  // On the caller too.
  void work() noexcept {
    in_region = true;
    for (int64_t begin; (begin = next_.fetch_add(length_, std::memory_order_relaxed)) < n_;) {
      const int64_t end = std::min(n_, begin + length_);
      try {
        body_(context_, begin, end);
      } catch (...) {
        if (!failed_.exchange(true)) error_ = std::current_exception();
      }
      done_.fetch_add(end - begin, std::memory_order_relaxed);
    }
    in_region = false;
  }

  // When nobody is at work any more: throws what a body has thrown, and raises what floating-point
  // exceptions the workers have raised.
  void finish() const {
    check(
        done_.load(std::memory_order_relaxed) == n_,
        "the process was forked in the middle of this operation, in which other threads took part");
    const int raised = raised_.load(std::memory_order_relaxed) & ~std::fetestexcept(FE_ALL_EXCEPT);
    if (raised) std::feraiseexcept(raised);
    if (error_) std::rethrow_exception(error_);
  }

 private:
  const internal::Body body_;
  void* const context_;
  const int64_t n_, length_;
  std::fenv_t callers_;
  std::atomic<int64_t> next_{0}, done_{0};
  std::atomic<int> raised_{0};
  std::atomic<bool> failed_{false};
  std::exception_ptr error_ = nullptr;
};

}  // namespace

int num_threads() {
  int threads = chosen_threads.load(std::memory_order_relaxed);
  if (threads == 0) [[unlikely]] {
    const int first = std::min(default_threads(), most_threads());
    if (chosen_threads.compare_exchange_strong(threads, first)) threads = first;
  }
  return threads;
}

void set_num_threads(int threads) { chosen_threads.store(std::clamp(threads, 1, most_threads())); }

int most_threads() { return std::max(64, 8 * allowed_cores()); }

void internal::run_parallel(int64_t n, int64_t grain, Body body, void* context) {
  const int threads = num_threads();
  const int64_t pieces = std::min<int64_t>(threads, ceil_div(n, std::max<int64_t>(grain, 1)));
  if (pieces <= 1 || in_region) return body(context, 0, n);
  Region region(body, context, n, pieces);
  Helpers helpers(region, static_cast<int>(pieces) - 1, threads);
  region.work();
  helpers.finish();
  region.finish();
}

}  // namespace libtensor::cpu
