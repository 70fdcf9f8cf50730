// Warnings: silent at first, in PyTorch's words where the host asks for them, and what a callback
// may do in the middle of the call that warns.
#include <atomic>
#include <memory>
#include <thread>

#include "support/callbacks.h"
#include "support/refusal.h"

namespace test {
namespace {

const With kSummed(&tensor_mse_loss_options_t::reduction, TENSOR_REDUCTION_SUM);

using OnWarning = Callback<const char*>;

tensor_status_t warnings_go_to(OnWarning::Function function, int* destroyed = nullptr) {
  const OnWarning callback(std::move(function), destroyed);
  return tensor_set_warning_callback(OnWarning::call, callback.user(), OnWarning::destroy);
}

class Warning : public TensorTest {
 protected:
  void TearDown() override {
    OK(tensor_set_warning_callback(nullptr, nullptr, nullptr));
    TensorTest::TearDown();
  }
  void listen() {
    OK(warnings_go_to([this](const char* message) {
      heard_.emplace_back(message);
      return TENSOR_OK;
    }));
  }
  tensor_status_t loss(const tensor_t* a, const tensor_t* b, tensor_t** out) {
    return tensor_mse_loss(a, b, nullptr, out);
  }

  std::vector<std::string> heard_;
};

constexpr const char* kBroadcast =
    "Using a target size (torch.Size([2])) that is different to the input size (torch.Size([2, "
    "2])). This will likely lead to incorrect results due to broadcasting. Please ensure they have "
    "the same size.";
constexpr const char* kResized =
    "An output with one or more elements was resized since it had shape [3], which does not match "
    "the required output shape [2, 2]. This behavior is deprecated, and in a future PyTorch "
    "release outputs will not be resized unless they have zero elements. You can explicitly reuse "
    "an out tensor t by resizing it, inplace, to zero elements with t.resize_(0).";

TEST_F(Warning, IsHeardWhileSomebodyListens) {
  const Owned square = filled({2, 2}, 1), row = filled({2}, 0);
  Owned result = call(tensor_mse_loss, square, row, kSummed);
  listen();
  result = call(tensor_mse_loss, square, square, kSummed);
  EXPECT_TRUE(heard_.empty());
  result = call(tensor_mse_loss, square, row, kSummed);
  EXPECT_EQ(heard_, std::vector<std::string>{kBroadcast});
  expect_values(result, {4});
  OK(tensor_set_warning_callback(nullptr, nullptr, nullptr));
  result = call(tensor_mse_loss, square, row, kSummed);
  EXPECT_EQ(heard_.size(), 1u);
}

TEST_F(Warning, OfOutputsThatGiveUpElements) {
  listen();
  const Owned square = filled({2, 2}, 1), out = filled({3}, 5), none = filled({0}, 5);
  OK(tensor_add_out(square, square, none));
  OK(tensor_add_out(square, square, none));
  EXPECT_TRUE(heard_.empty());
  OK(tensor_add_out(square, square, out));
  EXPECT_EQ(heard_, std::vector<std::string>{kResized});
  expect_values(out, {2, 2, 2, 2});
  const Owned indices = filled({3}, 5, TENSOR_INT64), values = filled({3}, 5);
  OK(tensor_max_dim_out(square, 0, nullptr, values, indices));
  EXPECT_EQ(heard_.size(), 3u);
  const int64_t four = 4;
  OK(tensor_zeros_out(&four, 1, out));
  EXPECT_EQ(heard_.size(), 3u);
}

TEST_F(Warning, OfRangesThatNeedAnotherOutput) {
  listen();
  const Owned out = filled({5}, 5), grid = filled({1, 3}, 5), none = filled({0}, 5);
  const auto range = [](tensor_t* to) {
    return tensor_arange_out(integer(0), integer(3), nullptr, to);
  };
  OK(range(grid));
  OK(range(none));
  EXPECT_TRUE(heard_.empty());
  OK(range(out));
  EXPECT_EQ(heard_,
            std::vector<std::string>{
                "The number of elements in the out tensor of shape [5] is 5 which does not match "
                "the computed number of elements 3. Note that this may occur as a result of "
                "rounding error. The out tensor will be resized to a tensor of shape (3,)."});
  expect_values(out, {0, 1, 2});
  expect_values(grid, {0, 1, 2});
}

TEST_F(Warning, OfGradientsThatNobodyFillsIn) {
  listen();
  const Owned x = leaf({1, 2}), y = call(tensor_mul, x, x), sum = call(tensor_sum, y);
  EXPECT_FALSE(grad(x));
  EXPECT_TRUE(heard_.empty());
  EXPECT_FALSE(grad(y));
  ASSERT_EQ(heard_.size(), 1u);
  EXPECT_EQ(heard_[0].find("The .grad attribute of a Tensor that is not a leaf"), 0u);
  OK(tensor_retain_grad(y));
  EXPECT_FALSE(grad(y));
  tensor_backward_options_t options = tensor_backward_options_default();
  options.retain_graph = true;
  OK(tensor_backward_with(sum, &options));
  EXPECT_EQ(heard_.size(), 1u);
  options.create_graph = true;
  OK(tensor_backward_with(sum, &options));
  ASSERT_EQ(heard_.size(), 2u);
  EXPECT_EQ(heard_[1].find("Using backward() with create_graph=True will create a reference"), 0u);
  OK(tensor_set_grad(x, nullptr));
  OK(tensor_set_grad(y, nullptr));
}

TEST_F(Warning, ThatTheHostRefusesFailsTheCall) {
  const Owned square = filled({2, 2}, 1), row = filled({2}, 0), out = filled({3}, 5);
  const Owned indices = filled({3}, 5, TENSOR_INT64), x = leaf({1, 2}),
              sum = call(tensor_sum, call(tensor_mul, x, x));
  OK(warnings_go_to([](const char* message) {
    const std::string kind(message, 8);
    return kind == "The .gra" ? TENSOR_OK : refuse(kind.c_str());
  }));
  expect_no_result({TENSOR_ERROR_VALUE, "Using a "}, {square, row},
                   [&](tensor_t** result) { return loss(square, row, result); });
  expect_refusal({TENSOR_ERROR_VALUE, "An outpu"}, {square, out},
                 [&] { return tensor_add_out(square, square, out); });
  expect_refusal({TENSOR_ERROR_VALUE, "An outpu"}, {square, out, indices},
                 [&] { return tensor_max_dim_out(square, 0, nullptr, out, indices); });
  tensor_backward_options_t options = tensor_backward_options_default();
  options.create_graph = true;
  expect_refusal({TENSOR_ERROR_VALUE, "Using ba"}, {x, sum},
                 [&] { return tensor_backward_with(sum, &options); });
  OK(tensor_backward(sum));
  expect_values(grad(x), {2, 4});
  // Without a message of its own.
  OK(warnings_go_to([](const char*) { return TENSOR_ERROR_INDEX; }));
  expect_refusal({TENSOR_ERROR_INDEX, "the warning callback failed: index error"}, {square, out},
                 [&] { return tensor_add_out(square, square, out); });
}

TEST_F(Warning, CallbackIsDestroyedOnce) {
  int first = 0, second = 0;
  OK(warnings_go_to([](const char*) { return TENSOR_OK; }, &first));
  EXPECT_EQ(first, 0);
  OK(warnings_go_to([](const char*) { return TENSOR_OK; }, &second));
  EXPECT_EQ(first, 1);
  OK(tensor_set_warning_callback(nullptr, nullptr, nullptr));
  EXPECT_EQ(second, 1);
  int unused = 0;
  const OnWarning callback([](const char*) { return TENSOR_OK; }, &unused);
  OK(tensor_set_warning_callback(nullptr, callback.user(), OnWarning::destroy));
  EXPECT_EQ(unused, 1);
}

TEST_F(Warning, CallbackMayReplaceItself) {
  const Owned square = filled({2, 2}, 1), row = filled({2}, 0);
  int destroyed = 0;
  OK(warnings_go_to(
      [&](const char*) {
        const tensor_status_t status = tensor_set_warning_callback(nullptr, nullptr, nullptr);
        EXPECT_EQ(destroyed, 0) << "it runs";
        return status;
      },
      &destroyed));
  const Owned result = call(tensor_mse_loss, square, row, kSummed);
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Warning, CallbackMayCallTheLibraryAndHearsNothingOfIt) {
  const Owned square = filled({2, 2}, 1), row = filled({2}, 0);
  int calls = 0;
  OK(warnings_go_to([&](const char*) {
    ++calls;
    const Owned inner = call(tensor_mse_loss, square, row, kSummed);
    tensor_scope_push();
    return TENSOR_OK;
  }));
  const Owned result = call(tensor_mse_loss, square, row, kSummed);
  EXPECT_EQ(calls, 1);
  EXPECT_NE(tensor_scope_pop(nullptr, 0), TENSOR_OK) << "the callback's scope is closed with it";
}

TEST_F(Warning, CallbackMayReleaseTheArguments) {
  tensor_t* square = filled({2, 2}, 1).give();
  tensor_t* row = filled({2}, 0).give();
  tensor_t* out = filled({3}, 5).give();
  const Owned kept = call(tensor_retain, out);
  OK(warnings_go_to([&](const char*) {
    for (tensor_t** handle : {&square, &row, &out}) {
      EXPECT_EQ(tensor_release(std::exchange(*handle, nullptr)), TENSOR_OK);
    }
    return TENSOR_OK;
  }));
  tensor_t* const given_square = square;
  OK(tensor_add_out(given_square, given_square, out));
  expect_values(kept, {2, 2, 2, 2});

  square = filled({2, 2}, 1).give();
  row = filled({2}, 0).give();
  const Owned result = call(tensor_mse_loss, square, row, kSummed);
  expect_values(result, {4});
}

TEST_F(Warning, CallbackThatIsReplacedMayReleaseTheArgumentsAtItsEnd) {
  const Owned square = filled({2, 2}, 1);
  tensor_t *out = filled({3}, 5).give(), *other = filled({3}, 5).give();
  const Owned kept = call(tensor_retain, out);
  const auto release = [&](void*) { EXPECT_EQ(tensor_release(other), TENSOR_OK); };
  OK(warnings_go_to([&out, at_end = std::shared_ptr<void>(nullptr, release)](const char*) {
    EXPECT_EQ(tensor_release(out), TENSOR_OK);
    return tensor_set_warning_callback(nullptr, nullptr, nullptr);
  }));
  OK(tensor_add_out(square, square, out));
  expect_values(kept, {2, 2, 2, 2});
}

// What the operation knew of its output is looked up again.
TEST_F(Warning, CallbackMayChangeTheOutput) {
  const Owned large = filled({100, 100}, 1), out = filled({200, 200}, 5), tiny = filled({1}, 7);
  OK(warnings_go_to([&](const char*) { return tensor_set_data(out, tiny); }));
  OK(tensor_add_out(large, large, out));
  EXPECT_EQ(shape(out), (Shape{100, 100}));
  expect_values(call(tensor_sum, out), {20000});

  const Owned other = filled({200, 200}, 5), column = filled({200, 1}, 5);
  const int64_t sizes[] = {200, 200};
  const Owned shared = call(tensor_expand, column, sizes, 2);
  OK(warnings_go_to([&](const char*) { return tensor_set_data(other, shared); }));
  EXPECT_NE(tensor_add_out(large, large, other), TENSOR_OK) << "its elements share memory now";

  const Owned values = filled({200, 200}, 5), indices = filled({200, 200}, 5, TENSOR_INT64);
  OK(warnings_go_to([&](const char*) { return tensor_set_data(values, tiny); }));
  OK(tensor_max_dim_out(large, 0, nullptr, values, indices));
  EXPECT_EQ(shape(values), Shape{100});
}

TEST_F(Warning, ManyThreadsWarnWhileCallbacksChange) {
  std::atomic<int> heard{0}, set{0}, destroyed{0};
  std::vector<std::thread> threads;
  for (int worker = 0; worker < 4; ++worker) {
    threads.emplace_back([&] {
      const Owned square = filled({2, 2}, 1), row = filled({2}, 0);
      for (int i = 0; i < 200; ++i) {
        const Owned result = call(tensor_mse_loss, square, row, kSummed);
        EXPECT_EQ(values(result), Values{4});
        if (i % 10 != 0) continue;
        struct User {
          std::atomic<int>*heard, *destroyed;
        };
        const auto function = [](void* user, const char* message) -> tensor_status_t {
          EXPECT_STREQ(message, kBroadcast);
          ++*static_cast<User*>(user)->heard;
          return TENSOR_OK;
        };
        const auto destroy = [](void* user) {
          ++*static_cast<User*>(user)->destroyed;
          delete static_cast<User*>(user);
        };
        OK(tensor_set_warning_callback(function, new User{&heard, &destroyed}, destroy));
        ++set;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  OK(tensor_set_warning_callback(nullptr, nullptr, nullptr));
  EXPECT_GT(heard, 0);
  EXPECT_EQ(destroyed, set);
}

}  // namespace
}  // namespace test
