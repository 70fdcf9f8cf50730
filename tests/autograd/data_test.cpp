// A tensor's elements apart from its place in the graph: tensor_variable_data and tensor_set_data.
#include <functional>
#include <memory>

#include "support/gradients.h"
#include "support/refusal.h"

namespace test {
namespace {

class Data : public TensorTest {};

Owned filled_with(double value, int64_t count) {
  return plain(Values(static_cast<size_t>(count), value));
}

TEST_F(Data, HasAVersionOfItsOwn) {
  const Owned x = leaf({1, 2, 3}), data = call(tensor_variable_data, x);
  EXPECT_FALSE(requires_grad(data));
  OK(tensor_mul_scalar_(data, number(2)));
  expect_values(x, {2, 4, 6});
  EXPECT_EQ(version(x), 0u);
  EXPECT_EQ(version(data), 1u);
}

TEST_F(Data, ChangesAreNotNoticed) {
  const Owned x = leaf({1, 2, 3}), loss = call(tensor_sum, call(tensor_mul, x, x));
  OK(tensor_mul_scalar_(call(tensor_variable_data, x), number(10)));
  OK(tensor_backward(loss));
  expect_values(grad(x), {20, 40, 60});
}

TEST_F(Data, IsSharedByWhatTakesIt) {
  const Owned x = leaf({1, 2, 3}), y = plain({4, 5});
  OK(tensor_set_data(x, y));
  OK(tensor_add_scalar_(y, number(1)));
  expect_values(x, {5, 6});
  EXPECT_EQ(version(x), 0u);
  EXPECT_TRUE(is_leaf(x));
  OK(tensor_backward(call(tensor_sum, call(tensor_mul, x, x))));
  expect_values(grad(x), {10, 12});
}

TEST_F(Data, OutlivesTheTensorItCameFrom) {
  Owned data;
  {
    const Owned x = leaf(Values(1000, 3));
    data = call(tensor_variable_data, x);
  }
  expect_values(data, Values(1000, 3));
  {
    const Owned small = leaf({1, 2});  // its elements lie inside the storage itself
    data = call(tensor_variable_data, small);
  }
  expect_values(data, {1, 2});
}

TEST_F(Data, OfIntegersIsRefusedWhereGradIsRequired) {
  const Owned x = leaf({1, 2, 3}), y = from<int64_t>({1, 2}, {2});
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT,
       "data set to a tensor that requires gradients must be floating point or complex dtype"},
      {x}, [&] { return tensor_set_data(x, y); });
}

// The memory of one is not replaced while another has a loan of it.
TEST_F(Data, LentMemoryIsNotResized) {
  const Owned x = plain({1, 2, 3}), large = filled_with(1, 100);
  {
    const Owned data = call(tensor_variable_data, x);
    expect_refusal(
        {TENSOR_ERROR_INVALID_ARGUMENT, "Trying to resize storage that is not resizable"}, {x},
        [&] { return tensor_add_out(large, large, x); });
    expect_values(data, {1, 2, 3});
  }
  OK(tensor_add_out(large, large, x));
  expect_values(x, Values(100, 2));
}

TEST_F(Data, ResizingEndsALoan) {
  const Owned x = plain({1, 2, 3}), data = call(tensor_variable_data, x),
              large = filled_with(1, 100);
  OK(tensor_add_out(large, large, data));
  expect_values(data, Values(100, 2));
  expect_values(x, {1, 2, 3});
  OK(tensor_zero_(data));
  expect_values(x, {1, 2, 3});
}

TEST_F(Data, OverlapIsSeenThroughALoan) {
  const Owned x = plain({1, 2, 3, 4}), data = call(tensor_variable_data, x);
  const Owned left = call(tensor_slice, x, 0, 0, 3, 1),
              right = call(tensor_slice, data, 0, 1, 4, 1);
  EXPECT_EQ(tensor_add_(left, right), TENSOR_ERROR_INVALID_ARGUMENT);
  expect_values(x, {1, 2, 3, 4});
}

TEST_F(Data, IsCountedOnceInAGraph) {
  const Owned x = leaf(Values(1000, 1)), w = leaf(Values(1000, 1));
  OK(tensor_set_data(w, x));
  tensor_t* loss = nullptr;
  OK(tensor_mul(x, w, &loss));
  tensor_graph_memory_t memory = {};
  memory.struct_size = sizeof memory;
  OK(tensor_graph_memory(&loss, 1, &memory));
  EXPECT_EQ(memory.saved_tensors, 2u);
  EXPECT_EQ(memory.saved_storages, 1u);
  EXPECT_EQ(memory.saved_bytes, 8000u);
  OK(tensor_release(loss));
}

// A tensor over memory of ours, whose destroy runs in the middle of what exchanges the memory.
Owned over(float* memory, int64_t count, std::function<void()> at_end) {
  struct End {
    std::function<void()> function;
    static void destroy(void* user) {
      const std::unique_ptr<End> end(static_cast<End*>(user));
      end->function();
    }
  };
  return call(tensor_from_blob, memory, &count, nullptr, size_t{1}, nullptr, End::destroy,
              new End{std::move(at_end)});
}

TEST_F(Data, MayBeReleasedByWhatItReplaces) {
  float memory[3] = {};
  tensor_t* x = nullptr;
  x = over(memory, 3, [&] { OK(tensor_release(x)); }).give();
  OK(tensor_set_data(x, filled_with(1, 2)));
  EXPECT_EQ(tensor_release(x), TENSOR_ERROR_INVALID_HANDLE);
}

TEST_F(Data, MayBeExchangedByWhatAResizeReplaces) {
  float memory[3] = {};
  const int64_t count = 2000;
  const Owned other = filled_with(7, 4), large = call(tensor_ones, &count, size_t{1}, nullptr);
  Owned out;
  {
    const Owned blob = over(memory, 3, [&] { OK(tensor_set_data(out, other)); });
    out = call(tensor_variable_data, blob);
  }
  OK(tensor_neg_out(large, out));
  expect_values(out, {7, 7, 7, 7});
}

TEST_F(Data, ThatWasExchangedAfterItWasSavedKeepsNoGraph) {
  float memory[2] = {1, 2};
  int destroyed = 0;
  Owned w = over(memory, 2, [&] { ++destroyed; }), x = filled_with(3, 2);
  OK(tensor_set_requires_grad(w, true));
  Owned y = call(tensor_minimum, w, x);
  OK(tensor_set_data(x, y));
  OK(tensor_div_(x, y));  // its history leads to a node that saved it
  for (Owned* t : {&w, &x, &y}) t->release();
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Data, OfItselfChangesNothing) {
  const Owned x = leaf({1, 2});
  OK(tensor_set_data(x, x));
  expect_values(x, {1, 2});
  OK(tensor_set_data(x, call(tensor_variable_data, x)));
  expect_values(x, {1, 2});
}

}  // namespace
}  // namespace test
