// What the CUDA backend costs, through the C API, timed with events on the device. One JSON object
// a line:
// {"row": name, "seconds": a call, "clock": "device" or "host", "bytes": moved by a call, "flops":
// of a call}.
//
// usage: cuda_bench [--short | --once]     (--short: tiny tensors, each call once: shows that it
// runs, measures nothing; --once: each call once, for a profiler)
//
// LIBTENSOR_EMULATED_CUDA, the path of the emulated plug-in, lets that one serve.
#include <tensor/tensor.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace {

using Body = std::function<void()>;
constexpr tensor_device_t kDevice = {TENSOR_CUDA, 0};
constexpr int kRepetitions = 5;
constexpr double kTarget = 0.02;  // seconds of a repetition

bool is_short = false, once = false;

void ok(tensor_status_t status) {
  if (status == TENSOR_OK) return;
  std::fprintf(stderr, "cuda_bench: %s\n", tensor_last_error());
  std::exit(1);
}

tensor_options_t options(tensor_dtype_t dtype, bool requires_grad = false) {
  tensor_options_t result = tensor_options_default();
  result.dtype = dtype;
  result.device = kDevice;
  result.requires_grad = requires_grad;
  return result;
}

tensor_t* random(std::initializer_list<int64_t> shape, tensor_dtype_t dtype = TENSOR_FLOAT32,
                 bool requires_grad = false) {
  const tensor_options_t as = options(dtype, requires_grad);
  tensor_t* t = nullptr;
  ok(tensor_rand(shape.begin(), shape.size(), &as, &t));
  return t;
}

void release(std::initializer_list<tensor_t*> tensors) {
  for (tensor_t* t : tensors) ok(tensor_release(t));
}

// A large size, or a small one where only the running counts.
int64_t size(int64_t large, int64_t small) { return is_short ? small : large; }

// Two events around some calls in the default stream.
class DeviceClock {
 public:
  DeviceClock() {
    ok(tensor_stream_current(kDevice, &stream_));
    ok(tensor_event_new(kDevice, true, &start_));
    ok(tensor_event_new(kDevice, true, &end_));
  }
  ~DeviceClock() {
    ok(tensor_event_release(start_));
    ok(tensor_event_release(end_));
    ok(tensor_stream_release(stream_));
  }
  DeviceClock(const DeviceClock&) = delete;
  DeviceClock& operator=(const DeviceClock&) = delete;

  double seconds(const Body& body, int calls) {
    ok(tensor_event_record(start_, stream_));
    for (int i = 0; i < calls; ++i) body();
    ok(tensor_event_record(end_, stream_));
    ok(tensor_event_synchronize(end_));
    double milliseconds = 0;
    ok(tensor_event_elapsed(start_, end_, &milliseconds));
    return milliseconds * 1e-3;
  }

 private:
  tensor_stream_t* stream_ = nullptr;
  tensor_event_t *start_ = nullptr, *end_ = nullptr;
};

double seconds_of_host(const Body& body, int calls) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) body();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  ok(tensor_device_synchronize(kDevice));
  return elapsed.count();
}

// Seconds a call: the best of some repetitions, each long enough for the clock.
double best(const std::function<double(int)>& seconds, int most_calls) {
  if (is_short || once) return seconds(1);
  seconds(3);  // what is done at first use only
  int calls = 1;
  while (calls < most_calls && seconds(calls) < kTarget) calls *= 2;
  double result = seconds(calls);
  for (int i = 1; i < kRepetitions; ++i) result = std::min(result, seconds(calls));
  return result / calls;
}

void print(const char* row, double seconds, const char* clock, double bytes, double flops) {
  std::printf(
      "{\"row\": \"%s\", \"seconds\": %.9g, \"clock\": \"%s\", \"bytes\": %.0f, \"flops\": %.0f}\n",
      row, seconds, clock, bytes, flops);
  std::fflush(stdout);
}

void on_device(const char* row, const Body& body, double bytes, double flops = 0) {
  DeviceClock clock;
  print(row, best([&](int calls) { return clock.seconds(body, calls); }, 1 << 16), "device", bytes,
        flops);
}

// What a call keeps the host: no more calls at once than a device takes without making it wait.
void on_host(const char* row, const Body& body) {
  print(row, best([&](int calls) { return seconds_of_host(body, calls); }, 512), "host", 0, 0);
}

template <class F, class... Arguments>
Body result_of(F* function, Arguments... arguments) {
  return [=] {
    tensor_t* out = nullptr;
    ok(function(arguments..., &out));
    ok(tensor_release(out));
  };
}

void pointwise(tensor_dtype_t dtype, const char* add, const char* exp) {
  const int64_t numel = size(int64_t{1} << 26, 64);
  tensor_t *a = random({numel}, dtype), *b = random({numel}, dtype), *out = random({numel}, dtype);
  const double bytes = static_cast<double>(numel) * static_cast<double>(tensor_dtype_size(dtype));
  on_device(
      add, [=] { ok(tensor_add_out(a, b, out)); }, 3 * bytes);
  on_device(
      exp, [=] { ok(tensor_exp_out(a, out)); }, 2 * bytes);
  if (dtype == TENSOR_FLOAT32) {
    on_device(
        "copy_float32", [=] { ok(tensor_copy_(out, a)); }, 2 * bytes);
    on_device(
        "add_in_place_float32", [=] { ok(tensor_add_(a, b)); }, 3 * bytes);
    on_device("sum_float32", result_of(tensor_sum, a), bytes);
  }
  release({a, b, out});
}

void rows() {
  const int64_t n = size(8192, 8);
  tensor_t* a = random({n, n / 2});
  const double bytes = static_cast<double>(n * n / 2) * 4;
  on_device("softmax_float32", result_of(tensor_softmax, a, int64_t{1}), 2 * bytes);
  tensor_t* turned = nullptr;
  ok(tensor_transpose(a, 0, 1, &turned));
  on_device("copy_of_transposed_float32", result_of(tensor_contiguous, turned), 2 * bytes);
  release({a, turned});
}

void matmul(const char* row, int64_t n, tensor_dtype_t dtype) {
  n = size(n, 8);
  tensor_t *a = random({n, n}, dtype), *b = random({n, n}, dtype);
  const double wide = static_cast<double>(n);
  on_device(row, result_of(tensor_matmul, a, b), 0, 2 * wide * wide * wide);
  release({a, b});
}

void calls() {
  tensor_t *a = random({1}), *b = random({1}), *out = random({1});
  on_host("launch_host", [=] { ok(tensor_add_out(a, b, out)); });
  on_device(
      "launch_device", [=] { ok(tensor_add_out(a, b, out)); }, 0);
  on_host("add_one_host", result_of(tensor_add, a, b));
  release({a, b, out});
  const int64_t megabyte = size(int64_t{1} << 20, 64);
  const tensor_options_t bytes = options(TENSOR_UINT8);
  on_host("allocate_and_free_1_MiB", [=] {
    tensor_t* memory = nullptr;
    ok(tensor_empty(&megabyte, 1, &bytes, &memory));
    ok(tensor_release(memory));
  });
}

void update(tensor_t* parameter) {
  tensor_t* gradient = nullptr;
  ok(tensor_grad(parameter, &gradient));
  ok(tensor_add_alpha_(parameter, gradient, tensor_scalar_double(-0.01)));
  ok(tensor_release(gradient));
  ok(tensor_set_grad(parameter, nullptr));
}

// The step of training_bench.cpp.
void training() {
  const int64_t batch = size(64, 4), inputs = size(64, 4), hidden = size(128, 4), classes = 10;
  const std::vector<int64_t> labels(static_cast<size_t>(batch), 3);
  const tensor_options_t as = options(TENSOR_INT64);
  tensor_t *x = random({batch, inputs}), *target = nullptr;
  ok(tensor_from_data(labels.data(), &batch, 1, &as, &target));
  tensor_t* parameters[] = {
      random({inputs, hidden}, TENSOR_FLOAT32, true), random({hidden}, TENSOR_FLOAT32, true),
      random({hidden, classes}, TENSOR_FLOAT32, true), random({classes}, TENSOR_FLOAT32, true)};
  const Body step = [&] {
    auto [w1, b1, w2, b2] = parameters;
    tensor_t *sums, *activated, *logits, *loss;
    ok(tensor_addmm(b1, x, w1, nullptr, &sums));
    ok(tensor_relu(sums, &activated));
    ok(tensor_addmm(b2, activated, w2, nullptr, &logits));
    ok(tensor_cross_entropy(logits, target, &loss));
    ok(tensor_backward(loss));
    ok(tensor_grad_enabled_set(false, nullptr));
    for (tensor_t* parameter : parameters) update(parameter);
    ok(tensor_grad_enabled_set(true, nullptr));
    release({sums, activated, logits, loss});
  };
  on_device("mlp_step", step, 0);
  release({x, target});
  for (tensor_t* parameter : parameters) ok(tensor_release(parameter));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string option = argc == 2 ? argv[1] : "";
  is_short = option == "--short";
  once = option == "--once";
  if (argc > 2 || (argc == 2 && !is_short && !once)) {
    std::fprintf(stderr, "usage: cuda_bench [--short | --once]\n");
    return 2;
  }
  const char* const emulated = std::getenv("LIBTENSOR_EMULATED_CUDA");
  if (emulated && *emulated) ok(tensor_backend_load(emulated));
  if (!tensor_cuda_is_available()) {
    std::fprintf(stderr, "cuda_bench: %s\n", tensor_cuda_unavailable_reason());
    return 77;
  }
  pointwise(TENSOR_FLOAT32, "add_float32", "exp_float32");
  pointwise(TENSOR_FLOAT16, "add_float16", "exp_float16");
  rows();
  matmul("matmul_1024_float32", 1024, TENSOR_FLOAT32);
  matmul("matmul_4096_float32", 4096, TENSOR_FLOAT32);
  matmul("matmul_4096_float16", 4096, TENSOR_FLOAT16);
  calls();
  training();
  return 0;
}
