// What the benchmarks share: tensors to work on, and calls that must succeed.
#pragma once

#include <benchmark/benchmark.h>
#include <tensor/tensor.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <vector>

namespace bench {

inline void ok(tensor_status_t status) {
  if (status == TENSOR_OK) return;
  std::fprintf(stderr, "%s\n", tensor_last_error());
  std::exit(1);
}

inline tensor_t* random(std::initializer_list<int64_t> shape, bool requires_grad = false) {
  tensor_options_t options = tensor_options_default();
  options.requires_grad = requires_grad;
  tensor_t* t = nullptr;
  ok(tensor_rand(shape.begin(), shape.size(), &options, &t));
  return t;
}

inline void release(std::initializer_list<tensor_t*> tensors) {
  for (tensor_t* t : tensors) ok(tensor_release(t));
}

// How many threads an operation may use, until the end of the benchmark.
class Threads {
 public:
  explicit Threads(int count) : before_(tensor_get_num_threads()) {
    ok(tensor_set_num_threads(count));
  }
  ~Threads() { ok(tensor_set_num_threads(before_)); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace bench
