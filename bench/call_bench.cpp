// What a call costs apart from its arithmetic: handles, small results, recording, backward.
#include <mutex>
#include <thread>

#include "tensors.h"

namespace bench {
namespace {

void add_one(benchmark::State& state) {
  tensor_t *a = random({1}), *b = random({1});
  for (auto _ : state) {
    tensor_t* out;
    tensor_add(a, b, &out);
    tensor_release(out);
  }
  release({a, b});
}
BENCHMARK(add_one);

// The same when the free lists hold what a hundred thousand tensors left.
void add_one_warm_pool(benchmark::State& state) {
  std::vector<tensor_t*> many;
  for (int i = 0; i < 100'000; ++i) many.push_back(random({1}));
  for (tensor_t* t : many) release({t});
  add_one(state);
}
BENCHMARK(add_one_warm_pool);

void handle_check(benchmark::State& state) {
  tensor_t* t = random({1});
  int64_t numel = 0;
  for (auto _ : state) {
    tensor_numel(t, &numel);
    benchmark::DoNotOptimize(numel);
  }
  release({t});
}
BENCHMARK(handle_check);

void retain_release(benchmark::State& state) {
  tensor_t* t = random({1});
  for (auto _ : state) {
    tensor_t* second;
    tensor_retain(t, &second);
    tensor_release(second);
  }
  release({t});
}
BENCHMARK(retain_release);

constexpr int kChain = 100;

tensor_t* chain(tensor_t* x) {
  tensor_t* y;
  ok(tensor_mul(x, x, &y));
  for (int i = 1; i < kChain; ++i) {
    tensor_t* next;
    ok(tensor_mul(y, x, &next));
    tensor_release(y);
    y = next;
  }
  return y;
}

void count_operations(benchmark::State& state) {
  state.counters["per_op"] = benchmark::Counter(
      kChain, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void chain_forward(benchmark::State& state) {
  tensor_t* x = random({1});
  for (auto _ : state) tensor_release(chain(x));
  count_operations(state);
  release({x});
}
BENCHMARK(chain_forward);

void chain_forward_recorded(benchmark::State& state) {
  tensor_t* x = random({1}, true);
  for (auto _ : state) tensor_release(chain(x));
  count_operations(state);
  release({x});
}
BENCHMARK(chain_forward_recorded);

void chain_forward_backward(benchmark::State& state) {
  tensor_t* x = random({1}, true);
  for (auto _ : state) {
    tensor_t* y = chain(x);
    ok(tensor_backward(y));
    tensor_release(y);
    ok(tensor_set_grad(x, nullptr));
  }
  count_operations(state);
  release({x});
}
BENCHMARK(chain_forward_backward);

// Counting references costs more from the first thread that a program starts, even if it only
// waits. These rows come last in the program, since the C library does not go back.
void beside_thread(benchmark::State& state, void (*row)(benchmark::State&)) {
  std::mutex mutex;
  std::unique_lock held(mutex);
  std::thread waiting([&] { std::lock_guard lock(mutex); });
  row(state);
  held.unlock();
  waiting.join();
}

}  // namespace

void register_rows_beside_thread() {
  const auto add = [](const char* name, void (*row)(benchmark::State&)) {
    benchmark::RegisterBenchmark(name,
                                 [row](benchmark::State& state) { beside_thread(state, row); });
  };
  add("add_one_beside_thread", add_one);
  add("chain_forward_beside_thread", chain_forward);
  add("chain_forward_recorded_beside_thread", chain_forward_recorded);
  add("chain_forward_backward_beside_thread", chain_forward_backward);
}

}  // namespace bench
