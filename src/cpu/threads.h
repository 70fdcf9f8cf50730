// How the CPU backend's loops are run by several threads.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace libtensor::cpu {

// Process-wide; at first as many as there are cores to run them, or OMP_NUM_THREADS.
int num_threads();
void set_num_threads(int threads);
// More are absurd.
int most_threads();

namespace internal {
using Body = void (*)(void* context, int64_t begin, int64_t end);
void run_parallel(int64_t n, int64_t grain, Body body, void* context);
}  // namespace internal

// Calls body(begin, end) over disjoint ranges that cover [0, n), each of at least `grain` (the last
// may be shorter). Runs on the calling thread alone where that is all there is: small n, a nested
// call, all workers busy. An exception thrown by a body is rethrown here.
template <class F>
void parallel_for(int64_t n, int64_t grain, F&& body) {
  if (n <= grain) {
    if (n > 0) body(int64_t{0}, n);
    return;
  }
  using Function = std::remove_reference_t<F>;
  internal::run_parallel(
      n, grain,
      [](void* context, int64_t begin, int64_t end) {
        (*static_cast<Function*>(context))(begin, end);
      },
      const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

inline constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace libtensor::cpu
