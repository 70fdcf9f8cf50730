// What the memory of a result costs: additions of many sizes, beside the same sum into memory that
// is there already and beside malloc.
#include <cstdlib>

#include "tensors.h"

namespace bench {
namespace {

// A fresh result each time.
void fresh(benchmark::State& state) {
  const Threads one(1);
  tensor_t *a = random({state.range(0)}), *b = random({state.range(0)});
  for (auto _ : state) {
    tensor_t* out;
    ok(tensor_add(a, b, &out));
    tensor_release(out);
  }
  release({a, b});
}

// The same work without an allocation: what is left between the two is the allocator's.
void in_place(benchmark::State& state) {
  const Threads one(1);
  tensor_t *a = random({state.range(0)}), *b = random({state.range(0)});
  for (auto _ : state) ok(tensor_add_(a, b));
  release({a, b});
}

// An uninitialised tensor, and nothing done with it.
void empty(benchmark::State& state) {
  const int64_t size = state.range(0);
  for (auto _ : state) {
    tensor_t* out;
    ok(tensor_empty(&size, 1, nullptr, &out));
    tensor_release(out);
  }
}

// The C library's allocator for the same bytes.
void plain_malloc(benchmark::State& state) {
  const size_t bytes = static_cast<size_t>(state.range(0)) * sizeof(float);
  for (auto _ : state) {
    void* data = std::malloc(bytes);
    benchmark::DoNotOptimize(data);
    std::free(data);
  }
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const int64_t n : {200, 256, 257, 1000, 10'000, 100'000, 1'000'000, 16'000'000})
    bench->Arg(n);
}
BENCHMARK(fresh)->Name("memory_add")->Apply(sizes);
BENCHMARK(in_place)->Name("memory_add_in_place")->Apply(sizes);
BENCHMARK(empty)->Name("memory_empty")->Apply(sizes);
BENCHMARK(plain_malloc)->Name("memory_malloc")->Apply(sizes);

}  // namespace
}  // namespace bench
