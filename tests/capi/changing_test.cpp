// Nobody changes the shape, memory or history of a tensor that a call of another thread uses, and
// no call begins to use one that another thread is changing so: an error, and nothing has happened.
#include <functional>
#include <thread>

#include "support/callbacks.h"

namespace test {
namespace {

using Call = std::function<tensor_status_t()>;

void expect_error(tensor_status_t status, const char* message) {
  EXPECT_EQ(status, TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(tensor_last_error(), message);
}

constexpr const char* kInUse =
    "a tensor whose shape, memory or history is to be changed is in use by another thread";

class Changing : public TensorTest {
 protected:
  void TearDown() override {
    EXPECT_EQ(tensor_set_location_callback(nullptr, nullptr, nullptr), TENSOR_OK);
    EXPECT_EQ(tensor_set_detect_anomaly(false, false), TENSOR_OK);
    TensorTest::TearDown();
  }

  // Has `inside` run in the middle of the next call that is recorded on this thread.
  void in_the_middle(std::function<void()> inside) {
    inside_ = std::move(inside);
    OK(tensor_set_location_callback(
        [](void* self, char*, size_t, size_t* length) {
          *length = 0;
          if (const auto now = std::exchange(static_cast<Changing*>(self)->inside_, nullptr)) now();
          return tensor_status_t{TENSOR_OK};
        },
        this, nullptr));
    OK(tensor_set_detect_anomaly(true, false));
  }
  void elsewhere_in_the_middle(std::function<void()> body) {
    in_the_middle([body] { std::thread(body).join(); });
  }

  struct Change {
    const char* name;
    Call call;
  };
  // Each gives x, of shape (2, 3), another shape, memory or history.
  std::vector<Change> changes(tensor_t* x) {
    const auto without_grad = [](Call call) {
      return [call] {
        bool before = false;
        EXPECT_EQ(tensor_grad_enabled_set(false, &before), TENSOR_OK);
        const tensor_status_t status = call();
        EXPECT_EQ(tensor_grad_enabled_set(before, nullptr), TENSOR_OK);
        return status;
      };
    };
    return {
        {"unsqueeze_", without_grad([=] { return tensor_unsqueeze_(x, 0); })},
        {"transpose_", without_grad([=] { return tensor_transpose_(x, 0, 1); })},
        {"a recorded unsqueeze_", [=] { return tensor_unsqueeze_(x, 0); }},
        {"add_out", without_grad([=, this] { return tensor_add_out(large_, large_, x); })},
        {"max_dim_out", without_grad([=, this] {
           return tensor_max_dim_out(large_, 0, nullptr, x, Owned(filled({0}, 0, TENSOR_INT64)));
         })},
        {"set_data", [=, this] { return tensor_set_data(x, large_); }},
        {"detach_", [=] { return tensor_detach_(x); }},
        {"mul_", [=, this] { return tensor_mul_(x, weight_); }},
        {"mul_ of a view",
         [=, this] {
           const Owned row = call(tensor_select, x, 0, 0);
           return tensor_mul_scalar_(row, number(2));
         }},
    };
  }
  Owned fresh() { return call(tensor_mul_scalar, weight_, number(1)); }

  Owned weight_ = filled({2, 3}, 2, TENSOR_FLOAT32, /*requires_grad=*/true);
  Owned large_ = filled({40, 50}, 1);

 private:
  std::function<void()> inside_;
};

TEST_F(Changing, IsRefusedWhileACallOfAnotherThreadUsesTheTensor) {
  const size_t count = changes(weight_).size();
  for (size_t i = 0; i < count; ++i) {
    const Owned x = fresh(), same = call(tensor_retain, x);
    const Change change = changes(same)[i];
    SCOPED_TRACE(change.name);
    const std::string before = text(x);
    elsewhere_in_the_middle([&] { expect_error(change.call(), kInUse); });
    const Owned y = call(tensor_mul, x, x);
    EXPECT_EQ(text(x), before);
    EXPECT_EQ(text(call(tensor_detach, y)), text(call(tensor_detach, call(tensor_mul, x, x))));
    EXPECT_EQ(change.call(), TENSOR_OK) << tensor_last_error();
    EXPECT_NE(text(x), before);
  }
}

TEST_F(Changing, MayBeDoneByTheThreadItself) {
  const size_t count = changes(weight_).size();
  for (size_t i = 0; i < count; ++i) {
    const Owned x = fresh();
    const Change change = changes(x)[i];
    if (std::string(change.name).find("mul_") != std::string::npos || i == 2)
      continue;  // this callback records nothing
    SCOPED_TRACE(change.name);
    in_the_middle([&] { EXPECT_EQ(change.call(), TENSOR_OK) << tensor_last_error(); });
    const Owned y = call(tensor_sum, call(tensor_add, x, x));
  }
}

TEST_F(Changing, IsNotDisturbedByReaders) {
  const Owned x = fresh();
  elsewhere_in_the_middle([&] {
    expect_error(tensor_add(large_, x, Owned().out()), "other is being changed by another thread");
    expect_error(tensor_unsqueeze_(x, 0), "self is being changed by another thread");
    tensor_t* const list[] = {large_, x};
    expect_error(tensor_cat(list, 2, nullptr, Owned().out()),
                 "tensors is being changed by another thread");
  });
  OK(tensor_mul_(x, weight_));
  EXPECT_EQ(numel(call(tensor_add, x, x)), 6);
  OK(tensor_unsqueeze_(x, 0));
}

TEST_F(Changing, OfAViewIsOneOfItsBase) {
  const Owned base = fresh(), row = call(tensor_select, base, 0, 0);
  elsewhere_in_the_middle([&] { expect_error(tensor_mul_scalar_(row, number(2)), kInUse); });
  const Owned y = call(tensor_mul, base, base);
  elsewhere_in_the_middle([&] {
    expect_error(tensor_sum(base, Owned().out()), "self is being changed by another thread");
  });
  OK(tensor_mul_scalar_(row, number(2)));
  OK(tensor_backward(call(tensor_sum, base)));
  EXPECT_EQ(values(call(tensor_grad, weight_)), (Values{2, 2, 2, 1, 1, 1}));
}

// Nothing of what the call reads besides the elements changes.
TEST_F(Changing, OfElementsAloneIsNot) {
  const Owned x = filled({2, 3}, 1), y = fresh();
  const Owned other = call(tensor_detach, weight_);
  elsewhere_in_the_middle([&] {
    EXPECT_EQ(tensor_add_scalar_(x, number(1)), TENSOR_OK) << tensor_last_error();
    EXPECT_EQ(tensor_add_out(other, other, x), TENSOR_OK) << tensor_last_error();
    EXPECT_EQ(tensor_backward(call(tensor_sum, y)), TENSOR_OK) << tensor_last_error();
  });
  call(tensor_mul, weight_, x);
}

// As many as there are: more than a thread's list has room for at first.
TEST_F(Changing, OfAnyOfAList) {
  std::vector<Owned> parts;
  std::vector<tensor_t*> handles;
  for (int i = 0; i < 3000; ++i) handles.push_back(parts.emplace_back(fresh()));
  for (const size_t place : {0, 59, 60, 61, 1500, 2999}) {
    elsewhere_in_the_middle([&] { expect_error(tensor_unsqueeze_(handles[place], 0), kInUse); });
    EXPECT_EQ(shape(call(tensor_cat, handles.data(), handles.size(), nullptr)), (Shape{6000, 3}));
    OK(tensor_unsqueeze_(handles[place], 0));
    OK(tensor_squeeze_dim_(handles[place], 0));
  }
}

TEST_F(Changing, OfTheLeafThatABackwardPassIsAt) {
  const Owned x = leaf({1, 2}), y = call(tensor_sum, call(tensor_mul, x, x));
  int refused = 0;
  const OwnedHook hook = after_accumulation(x, [&](tensor_t* t) {
    const Owned kept = call(tensor_retain, t);
    std::thread([&] { refused += tensor_set_data(kept, large_) != TENSOR_OK; }).join();
    return tensor_status_t{TENSOR_OK};
  });
  OK(tensor_backward(y));
  EXPECT_EQ(refused, 1);
  OK(tensor_set_data(x, large_));
}

// A thread that goes on in the place of one that waits may do what that one might.
TEST_F(Changing, DeepInsidePassesWithinPasses) {
  const Owned x = leaf({1, 2}), root = call(tensor_sum, call(tensor_mul, x, x));
  int reached = 0;
  const std::function<void(int)> deeper = [&](int depth) {
    if (depth == 0) {
      std::thread([&] { expect_error(tensor_detach_(root), kInUse); }).join();
      EXPECT_EQ(tensor_detach_(root), TENSOR_OK) << tensor_last_error();
      ++reached;
      return;
    }
    OK(tensor_grad_enabled_set(true, nullptr));  // it is off in hooks
    const Owned z = leaf({1});
    const OwnedHook hook = on_tensor(z, [&](tensor_t**) {
      deeper(depth - 1);
      return tensor_status_t{TENSOR_OK};
    });
    OK(tensor_backward(call(tensor_sum, z)));
  };
  const OwnedHook hook = on_tensor(x, [&](tensor_t**) {
    deeper(130);
    return tensor_status_t{TENSOR_OK};
  });
  OK(tensor_backward(root));
  EXPECT_EQ(reached, 1);
}

TEST_F(Changing, IsFreeAgainWhenTheThreadHasEnded) {
  const Owned x = fresh();
  for (int i = 0; i < 100; ++i) {
    std::thread([&] { EXPECT_EQ(numel(call(tensor_mul, x, x)), 6); }).join();
    OK(tensor_unsqueeze_(x, 0));
    OK(tensor_squeeze_dim_(x, 0));
  }
}

}  // namespace
}  // namespace test
