#include "cpu/threads.h"

#include <dlfcn.h>
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <exception>
#include <mutex>

#include "core/fork.h"

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace libtensor::cpu {
namespace {

std::atomic<int> chosen_threads{0};  // 0: not chosen yet

// Once before the first parallel region of ours.
void prepare_pool() {
  static std::once_flag once;
  std::call_once(once, [] {
    // If we were unloaded and libgomp with us, its sleeping workers would wake in unmapped code:
    // keep it for ever.
    dlopen("libgomp.so.1", RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  });
}

// ThreadSanitizer does not see how libgomp's threads wait for each other: it is told here, so that
// everything else that they do is checked.
#ifdef __SANITIZE_THREAD__
void hand_over(void* region) { __tsan_release(region); }
void take_over(void* region) { __tsan_acquire(region); }
#else
void hand_over(void*) {}
void take_over(void*) {}
#endif

// How the calling thread rounds, and whether it flushes subnormal numbers to zero: its pieces and
// those of other threads must come out alike.
class FloatingPoint {
 public:
  FloatingPoint() { std::fegetenv(&environment_); }
  void set() const { std::fesetenv(&environment_); }

 private:
  std::fenv_t environment_;
};

// A run of a body on several threads.
struct Region {
  internal::Body body;
  void* context;
  int64_t n, pieces;
  std::exception_ptr error = nullptr;
  std::mutex error_mutex{};
  const FloatingPoint callers{};

  // The part of one of `threads` threads: OpenMP may grant fewer than asked for.
  void run(int thread, int threads) {
    take_over(this);
    const FloatingPoint own;
    callers.set();
    const int64_t length = ceil_div(n, pieces);
    for (int64_t piece = thread; piece < pieces; piece += threads) {
      try {
        const int64_t begin = piece * length, end = std::min(n, begin + length);
        if (begin < end) body(context, begin, end);
      } catch (...) {
        std::lock_guard lock(error_mutex);
        if (!error) error = std::current_exception();
      }
    }
    own.set();
    hand_over(this);
  }
};

[[gnu::no_sanitize("thread")]] void run_on_pool(Region& region) {
#pragma omp parallel num_threads(static_cast <int>(region.pieces))
  region.run(omp_get_thread_num(), omp_get_num_threads());
}

}  // namespace

int num_threads() {
  int threads = chosen_threads.load(std::memory_order_relaxed);
  if (threads == 0) [[unlikely]] {
    threads = std::clamp(omp_get_max_threads(), 1, most_threads());
    chosen_threads.store(threads, std::memory_order_relaxed);
  }
  return threads;
}

void set_num_threads(int threads) { chosen_threads.store(std::clamp(threads, 1, most_threads())); }

int most_threads() { return std::max(64, 8 * omp_get_num_procs()); }

void internal::run_parallel(int64_t n, int64_t grain, Body body, void* context) {
  const int64_t pieces = std::min<int64_t>(num_threads(), ceil_div(n, std::max<int64_t>(grain, 1)));
  // In a forked child libgomp's workers do not exist, and it would wait for them.
  if (pieces <= 1 || in_forked_child() || omp_in_parallel()) {
    return body(context, 0, n);
  }
  prepare_pool();
  Region region{body, context, n, pieces};
  hand_over(&region);
  run_on_pool(region);
  take_over(&region);
  if (region.error) std::rethrow_exception(region.error);
}

}  // namespace libtensor::cpu
