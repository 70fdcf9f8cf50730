// What programs see of the device's memory.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <new>
#include <thread>

#include "support/tensors.h"

namespace test {
namespace {

constexpr tensor_device_t kCpu = {TENSOR_CPU, 0};
constexpr tensor_device_t kNoDevice = {TENSOR_CUDA, 63};
constexpr uint64_t kMiB = 1 << 20;

tensor_memory_stats_t stats() {
  tensor_memory_stats_t out{};
  out.struct_size = sizeof out;
  EXPECT_EQ(tensor_memory_stats(kCpu, &out), TENSOR_OK) << tensor_last_error();
  return out;
}

// A float tensor of so many bytes.
Owned floats(uint64_t bytes) {
  const int64_t count = static_cast<int64_t>(bytes / sizeof(float));
  return call(tensor_ones, &count, size_t{1}, nullptr);
}

std::vector<tensor_memory_block_t> snapshot() {
  size_t count = 0;
  EXPECT_EQ(tensor_memory_snapshot(kCpu, nullptr, 0, &count), TENSOR_OK);
  std::vector<tensor_memory_block_t> blocks(count);
  if (count > 0) blocks[0].struct_size = sizeof blocks[0];
  size_t again = 0;
  EXPECT_EQ(tensor_memory_snapshot(kCpu, blocks.data(), count, &again), TENSOR_OK);
  EXPECT_EQ(again, count);
  return blocks;
}

uint64_t tag_bytes(const char* tag) {
  uint64_t allocated = 0, peak = 0;
  EXPECT_EQ(tensor_memory_tag_bytes(kCpu, tag, &allocated, &peak), TENSOR_OK);
  return allocated;
}

class Memory : public TensorTest {
 protected:
  void TearDown() override {
    EXPECT_EQ(tensor_memory_set_tag(nullptr), TENSOR_OK);
    EXPECT_EQ(tensor_memory_set_budget(kCpu, UINT64_MAX), TENSOR_OK);
    EXPECT_EQ(tensor_memory_set_pressure_callback(kCpu, nullptr, nullptr, nullptr), TENSOR_OK);
    EXPECT_EQ(tensor_memory_history_record(kCpu, 0), TENSOR_OK);
    TensorTest::TearDown();
  }
};

TEST_F(Memory, CountsWhatTensorsHold) {
  const tensor_memory_stats_t before = stats();
  {
    const Owned a = floats(3 * kMiB);
    const tensor_memory_stats_t during = stats();
    EXPECT_EQ(during.allocated, before.allocated + 3 * kMiB);
    EXPECT_EQ(during.allocations, before.allocations + 1);
    EXPECT_GE(during.active, before.active + 3 * kMiB);
    EXPECT_GE(during.reserved, during.active);
    EXPECT_EQ(during.capacity, UINT64_MAX);
    EXPECT_EQ(during.struct_size, sizeof during);
  }
  const tensor_memory_stats_t after = stats();
  EXPECT_EQ(after.allocated, before.allocated);
  EXPECT_EQ(after.frees, before.frees + 1);
  EXPECT_GE(after.allocated_peak, before.allocated + 3 * kMiB);
  OK(tensor_memory_reset_peaks(kCpu));
  EXPECT_EQ(stats().allocated_peak, after.allocated);
}

TEST_F(Memory, StreamsAddUpToTheDevice) {
  const Owned a = floats(kMiB), b = floats(4096);
  size_t count = 0;
  OK(tensor_memory_stream_stats(kCpu, nullptr, nullptr, 0, &count));
  ASSERT_GT(count, 0u);
  std::vector<uint64_t> streams(count);
  std::vector<tensor_memory_stats_t> each(count);
  each[0].struct_size = sizeof each[0];
  OK(tensor_memory_stream_stats(kCpu, streams.data(), each.data(), count, &count));
  uint64_t allocated = 0, reserved = 0;
  for (const auto& stream : each) {
    allocated += stream.allocated;
    reserved += stream.reserved;
    EXPECT_EQ(stream.struct_size, sizeof stream);
  }
  EXPECT_EQ(allocated, stats().allocated);
  EXPECT_EQ(reserved, stats().reserved);
}

TEST_F(Memory, EmptyCacheGivesBackWhatIsUnused) {
  floats(64 * kMiB);
  EXPECT_GE(stats().reserved, 64 * kMiB) << "it is kept for the next";
  OK(tensor_memory_empty_cache(kCpu));
  EXPECT_LT(stats().reserved, 64 * kMiB);
}

TEST_F(Memory, ReusesWhatWasGivenBack) {
  const Owned a = floats(16 * kMiB), b = floats(16 * kMiB);
  call(tensor_add, a, b);
  const uint64_t calls = stats().device_calls;
  for (int i = 0; i < 10; ++i) call(tensor_add, a, b);
  EXPECT_EQ(stats().device_calls, calls);
}

TEST_F(Memory, SnapshotNamesTagAndOperation) {
  const Owned a = floats(2 * kMiB);
  OK(tensor_memory_set_tag("weights"));
  char text[16];
  size_t length = 0;
  OK(tensor_memory_tag(text, sizeof text, &length));
  EXPECT_STREQ(text, "weights");
  const Owned sum = call(tensor_add, a, a);
  OK(tensor_memory_set_tag(""));
  const Owned plain = floats(4096);

  void* data = nullptr;
  OK(tensor_data(sum, &data));
  uint64_t used = 0, end = 0, stream = 0;
  bool found = false;
  for (const tensor_memory_block_t& block : snapshot()) {
    EXPECT_EQ(block.struct_size, sizeof block);
    if (block.stream == stream) {
      EXPECT_GE(block.address, end);
    }
    stream = block.stream;
    end = block.address + block.bytes;
    if (block.state == TENSOR_MEMORY_USED) used += block.requested;
    if (block.address != reinterpret_cast<uintptr_t>(data)) continue;
    found = true;
    EXPECT_EQ(block.requested, 2 * kMiB);
    EXPECT_STREQ(block.tag, "weights");
    EXPECT_STREQ(block.operation, "tensor_add");
    EXPECT_EQ(block.state, TENSOR_MEMORY_USED);
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(used, stats().allocated);
  EXPECT_EQ(tag_bytes("weights"), 2 * kMiB);
}

TEST_F(Memory, TagsBelongToTheThread) {
  OK(tensor_memory_set_tag("main"));
  std::thread([] {
    size_t length = 1;
    EXPECT_EQ(tensor_memory_tag(nullptr, 0, &length), TENSOR_OK);
    EXPECT_EQ(length, 0u);
  }).join();
}

TEST_F(Memory, HistoryIsATrace) {
  OK(tensor_memory_history_record(kCpu, 100));
  OK(tensor_memory_set_tag("first step"));
  { const Owned a = floats(4096), b = floats(8192); }
  OK(tensor_memory_set_tag(nullptr));
  floats(2048);
  size_t length = 0;
  OK(tensor_memory_history(kCpu, nullptr, 0, &length));
  std::string text(length + 1, '\0');
  OK(tensor_memory_history(kCpu, text.data(), text.size(), &length));
  text.resize(length);
  EXPECT_EQ(text,
            "# recorded by libtensor: a ID BYTES STREAM | f ID | r ID STREAM\n"
            "a 0 4096 0 # op=tensor_ones tag=first step\n"
            "a 1 8192 0 # op=tensor_ones tag=first step\n"
            "f 1\n"
            "f 0\n"
            "a 0 2048 0 # op=tensor_ones\n"
            "f 0\n");
  OK(tensor_memory_history_record(kCpu, 0));
  EXPECT_EQ(tensor_memory_history(kCpu, nullptr, 0, &length), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(tensor_last_error(), "no history is being recorded");
}

TEST_F(Memory, OfAProductGoesWithIt) {
  const uint64_t before = stats().allocated;
  for (tensor_dtype_t type : {TENSOR_UINT8, TENSOR_BFLOAT16, TENSOR_FLOAT32, TENSOR_FLOAT64}) {
    const Owned vector = filled({5056}, 1, type), matrix = filled({64, 64}, 1, type);
    call(tensor_dot, vector, vector);
    call(tensor_matmul, matrix, matrix);
  }
  EXPECT_EQ(stats().allocated, before);
}

TEST_F(Memory, AHistoryLargerThanMemoryIsRefused) {
  for (size_t events : {SIZE_MAX, SIZE_MAX / 48, size_t{1} << 60}) {
    EXPECT_EQ(tensor_memory_history_record(kCpu, events), TENSOR_ERROR_OUT_OF_MEMORY);
  }
}

TEST_F(Memory, HistoryForgetsTheOldest) {
  OK(tensor_memory_history_record(kCpu, 3));
  const Owned old = floats(4096);
  floats(4096);
  floats(8192);
  size_t length = 0;
  char text[256];
  OK(tensor_memory_history(kCpu, text, sizeof text, &length));
  EXPECT_STREQ(text,
               "# recorded by libtensor: a ID BYTES STREAM | f ID | r ID STREAM\n"
               "a 0 8192 0 # op=tensor_ones\n"
               "f 0\n");
}

TEST_F(Memory, ATagsBudgetIsKept) {
  OK(tensor_memory_set_tag_budget(kCpu, "small", 5 * kMiB));
  OK(tensor_memory_set_tag("small"));
  const Owned a = floats(4 * kMiB);
  Owned b;
  const int64_t count = kMiB / 2;
  EXPECT_EQ(tensor_ones(&count, 1, nullptr, b.out()), TENSOR_ERROR_OUT_OF_MEMORY);
  EXPECT_STREQ(
      tensor_last_error(),
      "cpu out of memory. Tried to allocate 2.00 MiB (2097152 bytes) with the tag 'small', of "
      "whose budget of 5.00 MiB 4.00 MiB is in use.");
  EXPECT_EQ(tag_bytes("small"), 4 * kMiB);
  const Owned c = floats(kMiB);
  OK(tensor_memory_set_tag(nullptr));
  const Owned d = floats(2 * kMiB);
  OK(tensor_memory_set_tag_budget(kCpu, "small", UINT64_MAX));
}

TEST_F(Memory, ADevicesBudgetIsKept) {
  OK(tensor_memory_empty_cache(kCpu));
  const uint64_t reserved = stats().reserved;
  OK(tensor_memory_set_budget(kCpu, reserved + 32 * kMiB));
  EXPECT_EQ(stats().capacity, reserved + 32 * kMiB);
  const Owned a = floats(20 * kMiB);
  Owned b;
  const int64_t count = 20 * kMiB / 4;
  EXPECT_EQ(tensor_ones(&count, 1, nullptr, b.out()), TENSOR_ERROR_OUT_OF_MEMORY);
  const std::string message = tensor_last_error();
  EXPECT_EQ(message.find("not enough memory: you tried to allocate 20971520 bytes."), 0u)
      << message;
  EXPECT_NE(message.find("Largest holders: "), std::string::npos) << message;
  EXPECT_NE(message.find("ones 20.00 MiB in 1 block"), std::string::npos) << message;
  const Owned smaller = floats(8 * kMiB);
}

// What a callback was given, and how often.
struct Calls {
  int calls = 0;
  int destroyed = 0;
  uint64_t bytes = 0;
  std::function<bool()> act;

  static bool pressure(void* user, tensor_device_t device, uint64_t bytes) {
    auto& self = *static_cast<Calls*>(user);
    EXPECT_EQ(device.type, TENSOR_CPU);
    ++self.calls;
    self.bytes = bytes;
    return self.act();
  }
  static void destroy(void* user) { ++static_cast<Calls*>(user)->destroyed; }
};

TEST_F(Memory, ThePressureCallbackMayReleaseTensors) {
  OK(tensor_memory_empty_cache(kCpu));
  OK(tensor_memory_set_budget(kCpu, stats().reserved + 32 * kMiB));
  Owned hoard = floats(20 * kMiB);
  Calls calls;
  calls.act = [&] {
    const bool some = static_cast<tensor_t*>(hoard) != nullptr;
    hoard.release();
    floats(4096);  // the library can be used in it
    return some;
  };
  OK(tensor_memory_set_pressure_callback(kCpu, Calls::pressure, &calls, Calls::destroy));
  {
    const Owned b = floats(24 * kMiB);
    EXPECT_EQ(calls.calls, 1);
    EXPECT_EQ(calls.bytes, 24 * kMiB);
    Owned c;
    const int64_t count = 24 * kMiB / 4;
    EXPECT_EQ(tensor_ones(&count, 1, nullptr, c.out()), TENSOR_ERROR_OUT_OF_MEMORY);
    EXPECT_EQ(calls.calls, 2);
  }
  EXPECT_EQ(calls.destroyed, 0);
  OK(tensor_memory_set_pressure_callback(kCpu, nullptr, nullptr, nullptr));
  EXPECT_EQ(calls.destroyed, 1);
}

// The memory of an argument goes when the call has ended, not while it reads it.
TEST_F(Memory, ThePressureCallbackMayReleaseWhatTheCallWasGiven) {
  OK(tensor_memory_empty_cache(kCpu));
  Owned given = floats(20 * kMiB);
  OK(tensor_memory_set_budget(kCpu, stats().reserved));
  const size_t live = tensor_live_handles();
  Calls calls;
  calls.act = [&] {
    given.release();
    floats(64);
    return calls.calls < 3;
  };
  OK(tensor_memory_set_pressure_callback(kCpu, Calls::pressure, &calls, nullptr));
  Owned sum;
  EXPECT_EQ(tensor_add(given, given, sum.out()), TENSOR_ERROR_OUT_OF_MEMORY);
  EXPECT_GE(calls.calls, 1);
  EXPECT_EQ(tensor_live_handles(), live - 1);
  OK(tensor_memory_set_pressure_callback(kCpu, nullptr, nullptr, nullptr));
  floats(64);                            // to release something lets go of it
  const Owned next = floats(20 * kMiB);  // the memory is there again
}

// A provider over aligned_alloc that counts, and refuses from the block on that it is told.
struct Source {
  int64_t allocated = 0, blocks = 0, destroyed = 0, until_refusal = INT64_MAX;

  static void* allocate(void* user, uint64_t bytes) {
    auto& self = *static_cast<Source*>(user);
    if (self.until_refusal <= 0) return nullptr;
    --self.until_refusal;
    self.allocated += static_cast<int64_t>(bytes);
    ++self.blocks;
    return std::aligned_alloc(64, bytes);
  }
  static void free(void* user, void* data, uint64_t bytes) {
    auto& self = *static_cast<Source*>(user);
    self.allocated -= static_cast<int64_t>(bytes);
    --self.blocks;
    std::free(data);
  }
  static void destroy(void* user) { ++static_cast<Source*>(user)->destroyed; }
};

TEST_F(Memory, ComesFromTheProgramsOwnProvider) {
  Source source;
  OK(tensor_memory_set_provider(kCpu, Source::allocate, Source::free, &source, Source::destroy));
  Owned a = floats(40 * kMiB);
  EXPECT_GE(source.allocated, static_cast<int64_t>(40 * kMiB));
  source.until_refusal = 0;
  Owned b;
  const int64_t count = 80 * kMiB / 4;
  EXPECT_EQ(tensor_ones(&count, 1, nullptr, b.out()), TENSOR_ERROR_OUT_OF_MEMORY);
  OK(tensor_memory_set_provider(kCpu, nullptr, nullptr, nullptr, nullptr));
  EXPECT_EQ(source.destroyed, 0) << "a still lives there";
  b = floats(80 * kMiB);
  a.release();
  OK(tensor_memory_empty_cache(kCpu));
  EXPECT_EQ(source.blocks, 0);
  EXPECT_EQ(source.allocated, 0);
  EXPECT_EQ(source.destroyed, 1);
}

// Each of the blocks that a product on several threads asks for is refused in its turn.
TEST_F(Memory, AProductThatFindsNoMemoryChangesNothing) {
  const int32_t threads = tensor_get_num_threads();
  OK(tensor_set_num_threads(3));
  for (tensor_dtype_t dtype : {TENSOR_FLOAT32, TENSOR_FLOAT64, TENSOR_BFLOAT16}) {
    const auto ones = [&](int64_t rows, int64_t columns) {
      tensor_options_t options = tensor_options_default();
      options.dtype = dtype;
      const int64_t shape[] = {rows, columns};
      return call(tensor_ones, shape, size_t{2}, &options);
    };
    const Owned a = ones(700, 255), b = ones(255, 700), c = ones(700, 700), before = ones(700, 700);
    Source source;
    OK(tensor_memory_set_provider(kCpu, Source::allocate, Source::free, &source, Source::destroy));
    source.until_refusal = 0;
    std::vector<Owned> hoard;  // all that is free
    for (int64_t count = 64 * kMiB; count >= 512; count /= 2) {
      Owned block;
      while (tensor_ones(&count, 1, nullptr, block.out()) == TENSOR_OK)
        hoard.emplace_back(block.give());
    }
    int64_t blocks = 0;
    for (;; ++blocks) {
      OK(tensor_memory_empty_cache(kCpu));
      source.until_refusal = blocks;
      const tensor_status_t status = tensor_addmm_(c, a, b, nullptr);
      source.until_refusal = INT64_MAX;
      if (status == TENSOR_OK) break;
      ASSERT_EQ(status, TENSOR_ERROR_OUT_OF_MEMORY) << tensor_last_error();
      bool same = false;
      OK(tensor_equal(c, before, &same));
      ASSERT_TRUE(same) << dtype << " without block " << blocks;
    }
    EXPECT_GT(blocks, 0) << dtype << ": the product asked for nothing";
    hoard.clear();
    OK(tensor_mul_scalar_(before, tensor_scalar_double(256)));
    bool same = false;
    OK(tensor_equal(c, before, &same));
    EXPECT_TRUE(same) << dtype;
    OK(tensor_memory_set_provider(kCpu, nullptr, nullptr, nullptr, nullptr));
    OK(tensor_memory_empty_cache(kCpu));
    EXPECT_EQ(source.blocks, 0) << "a leak";
  }
  OK(tensor_set_num_threads(threads));
}

// A provider whose functions use the library, as everything does that the program gives it.
struct CallsBack : Source {
  int calls = 0;
  std::function<void()> also = [] {};

  void call_library() {
    ++calls;
    bool recording = false;  // not while backward runs
    EXPECT_EQ(tensor_grad_enabled_set(true, &recording), TENSOR_OK);
    const Owned x = leaf(Values(5000, 1.0));
    EXPECT_EQ(tensor_backward(call(tensor_sum, call(tensor_exp, x))), TENSOR_OK);
    also();
    EXPECT_EQ(tensor_memory_empty_cache(kCpu), TENSOR_OK);
    EXPECT_EQ(tensor_grad_enabled_set(recording, nullptr), TENSOR_OK);
  }
  static void* allocate(void* user, uint64_t bytes) {
    static_cast<CallsBack*>(user)->call_library();
    return Source::allocate(user, bytes);
  }
  static void free(void* user, void* data, uint64_t bytes) {
    Source::free(user, data, bytes);
    static_cast<CallsBack*>(user)->call_library();
  }
  static void destroy(void* user) {
    static_cast<CallsBack*>(user)->call_library();
    Source::destroy(user);
  }
};

// The calls that take memory, make room, and end with the provider.
void use_provider(CallsBack& source) {
  OK(tensor_memory_set_provider(kCpu, CallsBack::allocate, CallsBack::free, &source,
                                CallsBack::destroy));
  {
    const Owned x = leaf(Values(600000, 1.0));
    OK(tensor_backward(call(tensor_sum, call(tensor_exp, x))));
    OK(tensor_backward(call(tensor_sum, call(tensor_exp, x))));
    OK(tensor_memory_set_provider(kCpu, nullptr, nullptr, nullptr, nullptr));
  }
  OK(tensor_memory_empty_cache(kCpu));
  EXPECT_EQ(source.blocks, 0);
  EXPECT_EQ(source.destroyed, 1);
}

TEST_F(Memory, AProvidersFunctionsMayCallTheLibrary) {
  CallsBack source;
  use_provider(source);
  EXPECT_GT(source.calls, 4);
}

TEST_F(Memory, AProvidersFunctionsMayFork) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's own locks are not made for it";
#endif
  CallsBack source;
  source.also = [] {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);
      const Owned x = leaf(Values(600000, 1.0));
      _exit(tensor_backward(call(tensor_sum, call(tensor_exp, x))));
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  };
  use_provider(source);
}

// A gradient is added to under a lock: the memory for that is taken before.
TEST_F(Memory, AProvidersFunctionsMayAddToTheSameLeaf) {
  CallsBack source;
  const Owned x = leaf(Values(600000, 1.0));
  source.also = [&] { OK(tensor_backward(call(tensor_sum, call(tensor_exp, x)))); };
  OK(tensor_memory_empty_cache(kCpu));
  OK(tensor_memory_set_provider(kCpu, CallsBack::allocate, CallsBack::free, &source,
                                CallsBack::destroy));
  for (bool second : {false, true}) {  // the first is cloned, the second added
    const Owned y = call(tensor_sum, call(tensor_exp, x));
    OK(tensor_memory_empty_cache(kCpu));
    const int before = source.calls;
    tensor_backward_options_t create = tensor_backward_options_default();
    create.create_graph = true;
    tensor_t* root = y;
    OK(tensor_autograd_backward(&root, 1, nullptr, &create));
    EXPECT_GE(source.calls, before + 2) << second;
  }
  OK(tensor_set_grad(x, nullptr));
  OK(tensor_memory_set_provider(kCpu, nullptr, nullptr, nullptr, nullptr));
  OK(tensor_memory_empty_cache(kCpu));
}

// One at a time, however many threads allocate; and what products keep for themselves is not its.
TEST_F(Memory, AProviderIsCalledByOneThreadAtATime) {
  Source source;
  OK(tensor_memory_empty_cache(kCpu));
  OK(tensor_memory_set_provider(kCpu, Source::allocate, Source::free, &source, Source::destroy));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int n = 0; n < 50; ++n) {
        const Owned a = filled({100, 100}, 1), b = call(tensor_mm, a, a), large = floats(3 * kMiB);
        EXPECT_EQ(tensor_memory_empty_cache(kCpu), TENSOR_OK);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int64_t n : {3, 64, 300}) {
    for (tensor_dtype_t dtype : {TENSOR_FLOAT32, TENSOR_FLOAT64, TENSOR_BFLOAT16}) {
      const Owned a = filled({n, n}, 1, dtype), b = call(tensor_mm, a, a);
    }
  }
  OK(tensor_memory_empty_cache(kCpu));
  EXPECT_EQ(source.blocks, 0);
  OK(tensor_memory_set_provider(kCpu, nullptr, nullptr, nullptr, nullptr));
  EXPECT_EQ(source.destroyed, 1);
}

TEST_F(Memory, RefusesBadArguments) {
  tensor_memory_stats_t out{};
  out.struct_size = 8;
  EXPECT_EQ(tensor_memory_stats(kCpu, nullptr), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(tensor_memory_stats(kCpu, &out), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(tensor_last_error(), "out->struct_size is 8, expected at least 112");
  out.struct_size = sizeof out;
  EXPECT_NE(tensor_memory_stats(kNoDevice, &out), TENSOR_OK);
  EXPECT_NE(tensor_memory_stats({77, 0}, &out), TENSOR_OK);
  EXPECT_NE(tensor_memory_empty_cache(kNoDevice), TENSOR_OK);
  size_t count = 0;
  EXPECT_NE(tensor_memory_snapshot(kCpu, nullptr, 3, &count), TENSOR_OK);
  EXPECT_NE(tensor_memory_snapshot(kCpu, nullptr, 0, nullptr), TENSOR_OK);
  EXPECT_NE(tensor_memory_stream_stats(kCpu, nullptr, nullptr, 3, &count), TENSOR_OK);
  EXPECT_NE(tensor_memory_set_tag_budget(kCpu, nullptr, 1), TENSOR_OK);
  EXPECT_NE(tensor_memory_set_tag(std::string(300, 'x').c_str()), TENSOR_OK);
  EXPECT_STREQ(tensor_last_error(), "a tag has at most 255 bytes");
  EXPECT_NE(tensor_memory_set_provider(kCpu, Source::allocate, nullptr, nullptr, nullptr),
            TENSOR_OK);
}

// Every allocation of a training step fails in its turn: a growing budget lets the step come one
// allocation further each time.
TEST_F(Memory, AStepSurvivesTheFailureOfEachAllocation) {
  const Shape shape = {64, 64};  // 16 KiB
  const Owned w = filled(shape, 0.01, TENSOR_FLOAT32, true), x = filled(shape, 0.5);
  const auto step = [&](tensor_t* weight) {
    EXPECT_EQ(tensor_scope_push(), TENSOR_OK);
    tensor_t *product = nullptr, *hidden = nullptr, *probabilities = nullptr, *loss = nullptr;
    tensor_status_t result = tensor_matmul(x, weight, &product);
    if (result == TENSOR_OK) result = tensor_tanh(product, &hidden);
    if (result == TENSOR_OK) result = tensor_softmax(hidden, 1, &probabilities);
    if (result == TENSOR_OK) result = tensor_sum(probabilities, &loss);
    if (result == TENSOR_OK) result = tensor_backward(loss);
    EXPECT_EQ(tensor_scope_pop(nullptr, 0), TENSOR_OK);
    return result;
  };
  // Kernels keep working memory; here it comes into being without the tag.
  OK(step(filled(shape, 0.01, TENSOR_FLOAT32, true)));
  const Values weights = values(w);
  const size_t handles = tensor_live_handles();
  OK(tensor_memory_set_tag("step"));
  int failures = 0;
  tensor_status_t status = TENSOR_ERROR_OUT_OF_MEMORY;
  for (uint64_t budget = 0; status != TENSOR_OK; budget += 8192) {
    ASSERT_LT(budget, 4 * kMiB);
    OK(tensor_memory_set_tag_budget(kCpu, "step", budget));
    status = step(w);
    if (status == TENSOR_OK) break;
    ++failures;
    ASSERT_EQ(status, TENSOR_ERROR_OUT_OF_MEMORY) << tensor_last_error();
    ASSERT_EQ(tensor_live_handles(), handles);
    ASSERT_EQ(values(w), weights);
    OK(tensor_memory_set_tag_budget(kCpu, "step", UINT64_MAX));
    const Owned g = grad(w);
    ASSERT_EQ(static_cast<tensor_t*>(g), nullptr) << "a gradient of a step that failed";
    ASSERT_EQ(tag_bytes("step"), 0u) << "lost, at a budget of " << budget;
  }
  EXPECT_GE(failures, 4);
  const Values gradient = values(grad(w));
  EXPECT_EQ(gradient.size(), weights.size());
  OK(tensor_memory_set_tag_budget(kCpu, "step", UINT64_MAX));
}

}  // namespace
}  // namespace test
