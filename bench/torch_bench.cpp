// The small rows of capi_bench, written against PyTorch's C++ library: what a call costs there
// without Python. Built and run by peers.py with the PyTorch that Python can import; no part of
// libtensor's own build. Prints {"row": seconds, ...}.
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using torch::Tensor;

constexpr int kRepetitions = 15;
constexpr double kTarget = 0.06;  // seconds a repetition
const char* separator = "{";

double seconds(const std::function<void(long)>& run, long count) {
  const auto start = std::chrono::steady_clock::now();
  run(count);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The best of some repetitions. The loop is compiled into `run`, so that calling it costs nothing.
template <class Body>
void row(const char* name, Body body) {
  const auto run = [&](long count) {
    for (long i = 0; i < count; ++i) body();
  };
  long count = 1;
  while (seconds(run, count) < kTarget / 2) count *= 2;
  double best = 1e300;
  for (int i = 0; i < kRepetitions; ++i) best = std::min(best, seconds(run, count) / count);
  std::printf("%s\"%s\": %.9g", separator, name, best);
  separator = ", ";
}

Tensor chain(const Tensor& x) {
  Tensor y = x * x;
  for (int i = 1; i < 100; ++i) y = y * x;
  return y;
}

void chains(const char* forward, const char* recorded, const char* backward) {
  const Tensor one = torch::rand({1});
  Tensor leaf = torch::rand({1}, torch::requires_grad());
  row(forward, [&] { chain(one); });
  row(recorded, [&] { chain(leaf); });
  row(backward, [&] {
    chain(leaf).backward();
    leaf.mutable_grad().reset();
  });
}

void mlp_step() {
  const Tensor x = torch::rand({64, 64}), target = torch::full({64}, 3, torch::kInt64);
  std::vector<Tensor> parameters = {torch::rand({64, 128}), torch::rand({128}),
                                    torch::rand({128, 10}), torch::rand({10})};
  for (Tensor& parameter : parameters) parameter.requires_grad_();
  row("mlp_step", [&] {
    const Tensor hidden = torch::relu(torch::addmm(parameters[1], x, parameters[0]));
    const Tensor logits = torch::addmm(parameters[3], hidden, parameters[2]);
    torch::nn::functional::cross_entropy(logits, target).backward();
    const torch::NoGradGuard no_grad;
    for (Tensor& parameter : parameters) {
      parameter.add_(parameter.grad(), -0.01);
      parameter.mutable_grad().reset();
    }
  });
}

}  // namespace

int main() {
  torch::set_num_threads(1);
  const Tensor a = torch::rand({1}), b = torch::rand({1});
  row("add_one", [&] { a + b; });
  chains("chain_forward", "chain_forward_recorded", "chain_forward_backward");
  mlp_step();

  // Once more while another thread lives, though it only waits.
  std::mutex mutex;
  std::unique_lock<std::mutex> held(mutex);
  std::thread waiting([&] { std::lock_guard<std::mutex> lock(mutex); });
  row("add_one_beside_thread", [&] { a + b; });
  chains("chain_forward_beside_thread", "chain_forward_recorded_beside_thread",
         "chain_forward_backward_beside_thread");
  held.unlock();
  waiting.join();
  std::puts("}");
}
