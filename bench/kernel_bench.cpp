// Large operations, on one thread where the name does not say otherwise.
#include <cstring>

#include "tensors.h"

namespace bench {
namespace {

using Unary = tensor_status_t (*)(const tensor_t*, tensor_t**);

void unary(benchmark::State& state, Unary function) {
  const Threads one(1);
  tensor_t* x = random({1'000'000});
  for (auto _ : state) {
    tensor_t* out;
    ok(function(x, &out));
    tensor_release(out);
  }
  release({x});
}
BENCHMARK_CAPTURE(unary, exp_1e6, tensor_exp)->Name("exp_1e6");
BENCHMARK_CAPTURE(unary, tanh_1e6, tensor_tanh)->Name("tanh_1e6");
BENCHMARK_CAPTURE(unary, sum_1e6, tensor_sum)->Name("sum_1e6");

void softmax_1e6(benchmark::State& state) {
  const Threads one(1);
  tensor_t* x = random({1000, 1000});
  for (auto _ : state) {
    tensor_t* out;
    ok(tensor_softmax(x, 1, &out));
    tensor_release(out);
  }
  release({x});
}
BENCHMARK(softmax_1e6);

void add(benchmark::State& state, int64_t n, int threads = 1) {
  const Threads limit(threads);
  tensor_t *a = random({n}), *b = random({n});
  for (auto _ : state) {
    tensor_t* out;
    ok(tensor_add(a, b, &out));
    tensor_release(out);
  }
  release({a, b});
}
BENCHMARK_CAPTURE(add, add_1e6, 1'000'000)->Name("add_1e6");
BENCHMARK_CAPTURE(add, add_16e6, 16'000'000)->Name("add_16e6");
// Just large enough for two threads: what it costs to have a second one.
constexpr int64_t kTwoThreads = 33'000;
BENCHMARK_CAPTURE(add, one, kTwoThreads, 1)->Name("add_33e3_1_thread")->UseRealTime();
BENCHMARK_CAPTURE(add, two, kTwoThreads, 2)->Name("add_33e3_2_threads")->UseRealTime();

void add_16e6_in_place(benchmark::State& state) {
  const Threads one(1);
  tensor_t *a = random({16'000'000}), *b = random({16'000'000});
  for (auto _ : state) ok(tensor_add_(a, b));
  release({a, b});
}
BENCHMARK(add_16e6_in_place);

// A yardstick for add_16e6: the C library moves as many bytes, 192 million, between two places.
void memcpy_96e6_bytes(benchmark::State& state) {
  tensor_t *to = random({24'000'000}), *from = random({24'000'000});
  void *target, *source;
  ok(tensor_data(to, &target));
  ok(tensor_data(from, &source));
  for (auto _ : state) {
    std::memcpy(target, source, 96'000'000);
    benchmark::ClobberMemory();
  }
  release({to, from});
}
BENCHMARK(memcpy_96e6_bytes);

void matmul(benchmark::State& state, int threads) {
  constexpr int64_t kSize = 1024;
  const Threads limit(threads);
  tensor_t *a = random({kSize, kSize}), *b = random({kSize, kSize});
  for (auto _ : state) {
    tensor_t* out;
    ok(tensor_mm(a, b, &out));
    tensor_release(out);
  }
  state.counters["flops"] = benchmark::Counter(2.0 * kSize * kSize * kSize,
                                               benchmark::Counter::kIsIterationInvariantRate);
  release({a, b});
}
// Of wall-clock time, since other threads work too.
BENCHMARK_CAPTURE(matmul, one, 1)->Name("matmul_1024_1_thread")->UseRealTime();
BENCHMARK_CAPTURE(matmul, two, 2)->Name("matmul_1024_2_threads")->UseRealTime();

}  // namespace
}  // namespace bench
