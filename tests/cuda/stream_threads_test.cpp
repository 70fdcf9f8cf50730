// Threads that each work in a stream of their own, on an emulated device whose streams run in an
// order drawn by a seed.
#include <dlfcn.h>

#include <thread>

#include "support/gradients.h"

namespace test {
namespace {

constexpr int kThreads = 4;
constexpr tensor_device_t kDevice = {TENSOR_CUDA, 0};
constexpr tensor_device_t kCpu = {TENSOR_CPU, 0};

using OwnedStream = OwnedHandle<tensor_stream_t, tensor_stream_release>;
using OwnedEvent = OwnedHandle<tensor_event_t, tensor_event_release>;

// A function that the emulator has besides the backend's.
template <class F>
F* emulator(const char* name) {
  static void* const library = dlopen(EMULATED_CUDA, RTLD_NOW | RTLD_LOCAL);
  void* const found = library ? dlsym(library, name) : nullptr;
  EXPECT_NE(found, nullptr) << name;
  return reinterpret_cast<F*>(found);
}

std::string reports() {
  std::string all;
  const size_t count = emulator<size_t()>("cuda_emulator_report_count")();
  for (size_t i = 0; i < count; ++i) {
    char text[1000];
    emulator<size_t(size_t, char*, size_t)>("cuda_emulator_report")(i, text, sizeof text);
    all += std::string(text) + '\n';
  }
  emulator<void()>("cuda_emulator_clear_reports")();
  return all;
}

class StreamThreads : public testing::TestWithParam<uint64_t> {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(tensor_backend_load(EMULATED_CUDA), TENSOR_OK) << tensor_last_error();
  }
  void SetUp() override {
    live_ = tensor_live_handles();
    emulator<void(uint64_t)>("cuda_emulator_set_seed")(GetParam());
  }
  void TearDown() override {
    EXPECT_EQ(reports(), "");
    EXPECT_EQ(tensor_live_handles(), live_) << "handles were leaked";
  }

  static void on_threads(const std::function<void(int)>& body) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(body, i);
    for (std::thread& thread : threads) thread.join();
  }
  static OwnedStream new_stream() {
    OwnedStream stream;
    EXPECT_EQ(tensor_stream_new(kDevice, 0, stream.out()), TENSOR_OK) << tensor_last_error();
    return stream;
  }
  static OwnedStream current_stream() {
    OwnedStream stream;
    EXPECT_EQ(tensor_stream_current(kDevice, stream.out()), TENSOR_OK) << tensor_last_error();
    return stream;
  }
  static Owned to(const tensor_t* t, tensor_device_t device) {
    tensor_options_t options = tensor_options_default();
    options.device = device;
    return call(tensor_to, t, &options);
  }
  static Owned numbers(int64_t rows, int64_t columns, double step) {
    std::vector<float> values(static_cast<size_t>(rows * columns));
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(std::sin(step * static_cast<double>(i)));
    return from(values, {rows, columns});
  }
  // A few steps of training; the weight that comes out, on the CPU.
  static Values train(tensor_device_t device, int which) {
    const Owned weight = to(numbers(6, 4, 0.3 + which), device), x = to(numbers(8, 6, 0.7), device);
    EXPECT_EQ(tensor_set_requires_grad(weight, true), TENSOR_OK);
    for (int step = 0; step < 3; ++step) {
      const Owned y = call(tensor_tanh, call(tensor_matmul, x, weight));
      EXPECT_EQ(tensor_backward(call(tensor_sum, call(tensor_mul, y, y))), TENSOR_OK)
          << tensor_last_error();
      const NoGrad guard;
      const Owned change = call(tensor_mul_scalar, grad(weight), number(-0.1));
      EXPECT_EQ(tensor_add_(weight, change), TENSOR_OK) << tensor_last_error();
      EXPECT_EQ(tensor_set_grad(weight, nullptr), TENSOR_OK);
    }
    return values(to(call(tensor_detach, weight), kCpu));
  }
  static void expect_close(const Values& found, const Values& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-5) << i;
  }

 private:
  size_t live_ = 0;
};

TEST_P(StreamThreads, TrainSideBySide) {
  std::vector<Values> expected;
  for (int i = 0; i < kThreads; ++i) expected.push_back(train(kCpu, i));
  on_threads([&](int thread) {
    const OwnedStream stream = new_stream();
    ASSERT_EQ(tensor_stream_set_current(stream), TENSOR_OK);
    for (int round = 0; round < 2; ++round) {
      expect_close(train(kDevice, thread), expected[static_cast<size_t>(thread)]);
    }
    ASSERT_EQ(tensor_stream_synchronize(stream), TENSOR_OK);
  });
}

// Each thread makes a part in its stream; another one, which waits for the event, adds them up.
TEST_P(StreamThreads, HandTensorsOnThroughEvents) {
  struct Part {
    Owned tensor;
    OwnedEvent event;
  };
  std::vector<Part> parts(kThreads);
  on_threads([&](int thread) {
    Part& part = parts[static_cast<size_t>(thread)];
    const OwnedStream stream = new_stream();
    ASSERT_EQ(tensor_stream_set_current(stream), TENSOR_OK);
    tensor_options_t options = tensor_options_default();
    options.device = kDevice;
    const int64_t size = 100;
    const Owned ones = call(tensor_ones, &size, size_t{1}, &options);
    part.tensor = call(tensor_mul_scalar, ones, number(thread + 1));
    ASSERT_EQ(tensor_event_new(kDevice, false, part.event.out()), TENSOR_OK);
    ASSERT_EQ(tensor_event_record(part.event, stream), TENSOR_OK);
    ASSERT_EQ(tensor_stream_synchronize(stream), TENSOR_OK);  // `ones` goes
  });
  const OwnedStream here = current_stream();
  Owned total;
  for (const Part& part : parts) {
    ASSERT_EQ(tensor_stream_wait_event(here, part.event), TENSOR_OK);
    total = total ? call(tensor_add, total, part.tensor) : call(tensor_retain, part.tensor);
  }
  EXPECT_EQ(value(to(call(tensor_sum, total), kCpu)), 1000);
  ASSERT_EQ(tensor_device_synchronize(kDevice), TENSOR_OK);
}

// Threads that come and go ask for streams, events and properties all at once.
TEST_P(StreamThreads, AskForStreamsAndEventsAtOnce) {
  on_threads([&](int) {
    for (int i = 0; i < 20; ++i) {
      const OwnedStream stream = new_stream();
      OwnedEvent start, end;
      ASSERT_EQ(tensor_event_new(kDevice, true, start.out()), TENSOR_OK);
      ASSERT_EQ(tensor_event_new(kDevice, true, end.out()), TENSOR_OK);
      ASSERT_EQ(tensor_event_record(start, stream), TENSOR_OK);
      ASSERT_EQ(tensor_event_record(end, stream), TENSOR_OK);
      ASSERT_EQ(tensor_event_synchronize(end), TENSOR_OK);
      bool done = false;
      ASSERT_EQ(tensor_event_query(end, &done), TENSOR_OK);
      EXPECT_TRUE(done);
      double milliseconds = -1;
      ASSERT_EQ(tensor_event_elapsed(start, end, &milliseconds), TENSOR_OK);
      EXPECT_GE(milliseconds, 0);
      tensor_device_properties_t properties = tensor_device_properties_default();
      ASSERT_EQ(tensor_device_properties(kDevice, &properties), TENSOR_OK);
      void* native = nullptr;
      ASSERT_EQ(tensor_stream_native(stream, &native), TENSOR_OK);
      EXPECT_NE(native, nullptr);
      ASSERT_EQ(tensor_stream_native(current_stream(), &native), TENSOR_OK);
      EXPECT_EQ(native, nullptr) << "a new thread begins with the default stream";
    }
  });
}

// What each thread adds to one leaf's gradient, all in the default stream.
TEST_P(StreamThreads, AddToOneLeaf) {
  const Owned x = to(numbers(4, 4, 0.2), kDevice);
  ASSERT_EQ(tensor_set_requires_grad(x, true), TENSOR_OK);
  on_threads([&](int) {
    for (int i = 0; i < 5; ++i) {
      const Owned y = call(tensor_sum, call(tensor_mul_scalar, x, number(2)));
      ASSERT_EQ(tensor_backward(y), TENSOR_OK) << tensor_last_error();
    }
  });
  EXPECT_EQ(values(to(grad(x), kCpu)), Values(16, 2.0 * kThreads * 5));
}

INSTANTIATE_TEST_SUITE_P(Seeds, StreamThreads, testing::Range<uint64_t>(0, 6));

}  // namespace
}  // namespace test
