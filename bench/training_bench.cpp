// One step of training a small network: forward, backward, update.
#include "tensors.h"

namespace bench {
namespace {

constexpr int64_t kBatch = 64, kInputs = 64, kHidden = 128, kClasses = 10;
constexpr double kRate = 0.01;

void update(tensor_t* parameter) {
  tensor_t* gradient;
  ok(tensor_grad(parameter, &gradient));
  ok(tensor_add_alpha_(parameter, gradient, tensor_scalar_double(-kRate)));
  tensor_release(gradient);
  ok(tensor_set_grad(parameter, nullptr));
}

void mlp_step(benchmark::State& state) {
  const Threads one(1);
  tensor_t *x = random({kBatch, kInputs}), *target = nullptr;
  const std::vector<int64_t> classes(kBatch, 3);
  tensor_options_t options = tensor_options_default();
  options.dtype = TENSOR_INT64;
  ok(tensor_from_data(classes.data(), &kBatch, 1, &options, &target));
  tensor_t *w1 = random({kInputs, kHidden}, true), *b1 = random({kHidden}, true);
  tensor_t *w2 = random({kHidden, kClasses}, true), *b2 = random({kClasses}, true);
  for (auto _ : state) {
    tensor_t *sums, *hidden, *logits, *loss;
    ok(tensor_addmm(b1, x, w1, nullptr, &sums));
    ok(tensor_relu(sums, &hidden));
    ok(tensor_addmm(b2, hidden, w2, nullptr, &logits));
    ok(tensor_cross_entropy(logits, target, &loss));
    ok(tensor_backward(loss));
    ok(tensor_grad_enabled_set(false, nullptr));
    for (tensor_t* parameter : {w1, b1, w2, b2}) update(parameter);
    ok(tensor_grad_enabled_set(true, nullptr));
    release({sums, hidden, logits, loss});
  }
  release({x, target, w1, b1, w2, b2});
}
BENCHMARK(mlp_step);

}  // namespace
}  // namespace bench
