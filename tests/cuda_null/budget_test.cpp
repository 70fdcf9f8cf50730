// What each call costs the host on CUDA: how often it launches, copies, waits for the device, and
// uses an event. Counted over a runtime that does nothing (runtime.cpp); a call may do less than
// its row says, not more. How long the host is busy is printed beside the CPU's whole call, and
// judged by nobody.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <tensor/tensor.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "counts.h"
#include "support/data_file.h"
#include "support/tensors.h"

namespace test {
namespace {

constexpr tensor_device_t kCpu = {TENSOR_CPU, 0}, kCuda = {TENSOR_CUDA, 0};
constexpr int64_t kRows = 64, kColumns = 32;

tensor_options_t on(tensor_device_t device, tensor_dtype_t dtype, bool requires_grad = false) {
  tensor_options_t result = tensor_options_default();
  result.device = device;
  result.dtype = dtype;
  result.requires_grad = requires_grad;
  return result;
}

With<tensor_to_copy_options_t> to(tensor_dtype_t dtype, tensor_device_t device) {
  return With(&tensor_to_copy_options_t::dtype, dtype)
      .add(&tensor_to_copy_options_t::device, device);
}

// The runtime's counters; loads it in the place of a GPU.
struct Runtime {
  void (*read)(cuda_null_counts_t*) = nullptr;
  void (*reset)() = nullptr;

  Runtime() {
    const std::string path = data_file("libtensor_cuda_null.so");
    EXPECT_EQ(tensor_backend_load(path.c_str()), TENSOR_OK) << tensor_last_error();
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
    read = reinterpret_cast<decltype(read)>(dlsym(library, "cuda_null_counts"));
    reset = reinterpret_cast<decltype(reset)>(dlsym(library, "cuda_null_reset"));
  }
};

Runtime& runtime() {
  static Runtime loaded;
  return loaded;
}

Owned zeros(const Shape& shape, const tensor_options_t& options) {
  return call(tensor_zeros, shape.data(), shape.size(), &options);
}

// What the calls use, on one device.
struct Operands {
  tensor_device_t device;
  tensor_options_t floats = on(device, TENSOR_FLOAT32), longs = on(device, TENSOR_INT64);
  Owned a = zeros({kRows, kColumns}, floats), b = zeros({kRows, kColumns}, floats);
  Owned out = zeros({kRows, kColumns}, floats), row = zeros({kColumns}, floats);
  Owned square = zeros({kColumns, kColumns}, floats),
        mask = zeros({kRows, kColumns}, on(device, TENSOR_BOOL));
  Owned whole = call(tensor_full, Shape{kRows}.data(), size_t{1}, tensor_scalar_int64(1), &longs);
  Owned index = zeros({kRows}, longs), places = zeros({kRows, kColumns}, longs);
  Owned turned = call(tensor_transpose, a, 0, 1);
  Owned leaf = zeros({kRows, kColumns}, on(device, TENSOR_FLOAT32, true));
  Owned in_host = zeros({kRows, kColumns}, on(kCpu, TENSOR_FLOAT32));
  Owned one = zeros({}, floats);

  explicit Operands(tensor_device_t where) : device(where) {}
};

using Body = std::function<void(Operands&)>;

struct Row {
  const char* name;
  Body body;
  uint64_t launches = 1, copies = 0, waits = 0, events = 0;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

void backward(const Owned& result) {
  EXPECT_EQ(tensor_backward(result), TENSOR_OK) << tensor_last_error();
}
void clear(const Owned& leaf) { EXPECT_EQ(tensor_set_grad(leaf, nullptr), TENSOR_OK); }

void read_item(const Owned& tensor) {
  tensor_scalar_t value;
  EXPECT_EQ(tensor_item(tensor, &value), TENSOR_OK) << tensor_last_error();
}

Row row(const char* name, uint64_t launches, Body body) {
  return {name, std::move(body), launches};
}
// One that uses cuBLAS, whose workspace comes from the allocator and goes back to it each time.
Row product(const char* name, uint64_t launches, Body body) {
  return {name, std::move(body), launches, 0, 0, 2};
}
// What waits for the device, and must: its result is the host's, or comes from there.
Row waits(const char* name, uint64_t launches, uint64_t copies, uint64_t waited, Body body) {
  return {name, std::move(body), launches, copies, waited};
}

std::vector<Row> pointwise_rows() {
  return {
      row("add", 1, [](Operands& o) { call(tensor_add, o.a, o.b); }),
      row("add, out=", 1,
          [](Operands& o) { EXPECT_EQ(tensor_add_out(o.a, o.b, o.out), TENSOR_OK); }),
      row("add in place", 1, [](Operands& o) { EXPECT_EQ(tensor_add_(o.out, o.b), TENSOR_OK); }),
      row("add, broadcast", 1, [](Operands& o) { call(tensor_add, o.a, o.row); }),
      row("add a number", 1, [](Operands& o) { call(tensor_add_scalar, o.a, number(2)); }),
      row("add, mixed dtypes", 1, [](Operands& o) { call(tensor_add, o.a, o.places); }),
      row("exp", 1, [](Operands& o) { call(tensor_exp, o.a); }),
      row("eq", 1, [](Operands& o) { call(tensor_eq, o.a, o.b); }),
      row("where", 1, [](Operands& o) { call(tensor_where, o.mask, o.a, o.b); }),
      row("convert", 1,
          [](Operands& o) { call(tensor_to_copy, o.a, to(TENSOR_FLOAT16, o.device)); }),
      row("copy of transposed", 1, [](Operands& o) { call(tensor_contiguous, o.turned); }),
      row("transpose", 0, [](Operands& o) { call(tensor_transpose, o.a, 0, 1); }),
      row("fill in place", 1,
          [](Operands& o) { EXPECT_EQ(tensor_fill_(o.out, number(1)), TENSOR_OK); }),
      row("zeros", 1, [](Operands& o) { zeros({kRows}, o.floats); }),
      row("arange", 1,
          [](Operands& o) {
            call(tensor_arange, integer(0), integer(9),
                 With(&tensor_arange_options_t::tensor, &o.longs));
          }),
      row("rand", 1,
          [](Operands& o) { call(tensor_rand, Shape{kRows}.data(), size_t{1}, &o.floats); }),
      row("cat", 2,
          [](Operands& o) {
            tensor_t* const parts[] = {o.a, o.b};
            call(tensor_cat, parts, size_t{2}, nullptr);
          }),
      row("divide integers, rounded down", 1,
          [](Operands& o) { call(tensor_floor_divide, o.index, o.whole); }),
      row("remainder of integers", 1,
          [](Operands& o) { call(tensor_remainder, o.index, o.whole); }),
  };
}

std::vector<Row> other_rows() {
  return {
      row("sum", 1, [](Operands& o) { call(tensor_sum, o.a); }),
      row("mean", 1, [](Operands& o) { call(tensor_mean, o.a); }),
      row("max", 1, [](Operands& o) { call(tensor_max, o.a); }),
      row("argmax of rows", 1, [](Operands& o) { call(tensor_argmax_dim, o.a, 1, nullptr); }),
      row("softmax", 1, [](Operands& o) { call(tensor_softmax, o.a, 1); }),
      product("matmul", 1, [](Operands& o) { call(tensor_matmul, o.a, o.square); }),
      product("addmm", 2, [](Operands& o) { call(tensor_addmm, o.row, o.a, o.square, nullptr); }),
      row("gather", 1, [](Operands& o) { call(tensor_gather, o.a, 0, o.places); }),
      row("scatter", 2, [](Operands& o) { call(tensor_scatter, o.a, 0, o.places, o.b); }),
      row("index_select", 1, [](Operands& o) { call(tensor_index_select, o.a, 0, o.index); }),
      row("index_add", 2, [](Operands& o) { call(tensor_index_add, o.a, 0, o.index, o.b); }),
      row("cross_entropy", 2, [](Operands& o) { call(tensor_cross_entropy, o.a, o.index); }),
      waits("item", 0, 1, 1, [](Operands& o) { read_item(o.one); }),
      waits("to the host", 0, 1, 1,
            [](Operands& o) { call(tensor_to_copy, o.a, to(TENSOR_FLOAT32, kCpu)); }),
      waits("from the host", 0, 1, 1,
            [](Operands& o) { call(tensor_to_copy, o.in_host, to(TENSOR_FLOAT32, o.device)); }),
      row("sum, backward", 4,
          [](Operands& o) {
            backward(call(tensor_sum, call(tensor_mul, o.leaf, o.a)));
            clear(o.leaf);
          }),
  };
}

std::vector<Row> all_rows() {
  std::vector<Row> rows = pointwise_rows();
  for (Row& other : other_rows()) rows.push_back(std::move(other));
  return rows;
}

cuda_null_counts_t counts_of(const std::function<void()>& body) {
  body();  // what is done at first use only
  runtime().reset();
  body();
  cuda_null_counts_t counts;
  runtime().read(&counts);
  return counts;
}

double nanoseconds(const std::function<void()>& body) {
  constexpr int kCalls = 200;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) body();
  const std::chrono::duration<double, std::nano> all = std::chrono::steady_clock::now() - start;
  return all.count() / kCalls;
}

void report(const char* name, const cuda_null_counts_t& counts, const std::function<void()>& there,
            const std::function<void()>& here) {
  const double cuda = nanoseconds(there), cpu = nanoseconds(here);
  const auto count = [](uint64_t number) { return static_cast<int>(number); };
  std::printf(
      "%-30s %2d launches %d copies %d waits %2d events, host %6.0f ns, CPU's call %6.0f ns\n",
      name, count(counts.launches), count(counts.copies), count(counts.waits), count(counts.events),
      cuda, cpu);
}

void expect_within(const Row& most, const cuda_null_counts_t& counts) {
  EXPECT_LE(counts.launches, most.launches) << most.name;
  EXPECT_LE(counts.copies, most.copies) << most.name;
  EXPECT_LE(counts.waits, most.waits) << most.name;
  EXPECT_LE(counts.events, most.events) << most.name;
  EXPECT_EQ(counts.driver, 0u) << most.name << " takes memory from the driver each time";
}

class Budget : public testing::TestWithParam<Row> {
  void SetUp() override { runtime(); }
};

TEST_P(Budget, IsKept) {
  Operands there(kCuda), here(kCpu);
  const auto on_cuda = [&] { GetParam().body(there); };
  const cuda_null_counts_t counts = counts_of(on_cuda);
  expect_within(GetParam(), counts);
  report(GetParam().name, counts, on_cuda, [&] { GetParam().body(here); });
}

std::string name_of(const testing::TestParamInfo<Row>& info) {
  std::string name;
  for (const char c : std::string(info.param.name)) name += std::isalnum(c) ? c : '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(All, Budget, testing::ValuesIn(all_rows()), name_of);

// A network of two layers: forward, backward and a step of SGD.
struct Network {
  tensor_device_t device;
  tensor_options_t weights = on(device, TENSOR_FLOAT32, true);
  Owned x = zeros({kRows, kColumns}, on(device, TENSOR_FLOAT32));
  Owned target = zeros({kRows}, on(device, TENSOR_INT64));
  Owned w1 = zeros({kColumns, 128}, weights), b1 = zeros({128}, weights);
  Owned w2 = zeros({128, 10}, weights), b2 = zeros({10}, weights);

  explicit Network(tensor_device_t where) : device(where) {}

  Owned loss() {
    const Owned hidden = call(tensor_relu, call(tensor_addmm, b1, x, w1, nullptr));
    return call(tensor_cross_entropy, call(tensor_addmm, b2, hidden, w2, nullptr), target);
  }
  void update(const Owned& parameter) {
    const Owned gradient = call(tensor_grad, parameter);
    EXPECT_EQ(tensor_add_alpha_(parameter, gradient, number(-0.01)), TENSOR_OK);
    clear(parameter);
  }
  void step() {
    backward(loss());
    EXPECT_EQ(tensor_grad_enabled_set(false, nullptr), TENSOR_OK);
    for (const Owned* parameter : {&w1, &b1, &w2, &b2}) update(*parameter);
    EXPECT_EQ(tensor_grad_enabled_set(true, nullptr), TENSOR_OK);
  }
};

TEST(Step, OfANetworkKeepsItsBudget) {
  runtime();
  Network there(kCuda), here(kCpu);
  const auto on_cuda = [&] { there.step(); };
  const cuda_null_counts_t counts = counts_of(on_cuda);
  expect_within({"step", {}, 22, 1, 0, 10}, counts);
  report("step of a network", counts, on_cuda, [&] { here.step(); });
}

TEST(Step, ReusesItsMemory) {
  runtime();
  Network network(kCuda);
  network.step();
  tensor_memory_stats_t before, after;
  before.struct_size = after.struct_size = sizeof before;
  ASSERT_EQ(tensor_memory_stats(kCuda, &before), TENSOR_OK);
  for (int i = 0; i < 10; ++i) network.step();
  ASSERT_EQ(tensor_memory_stats(kCuda, &after), TENSOR_OK);
  EXPECT_EQ(before.reserved, after.reserved);
  EXPECT_EQ(before.device_calls, after.device_calls);
  EXPECT_GT(after.allocations, before.allocations);
}

}  // namespace
}  // namespace test
