// Anomaly detection: where a node was recorded, and NaN in a derivative.
#include <thread>
#include <utility>

#include "support/callback.h"
#include "support/refusal.h"

namespace test {
namespace {

std::string location(const tensor_node_t* node) {
  char text[256] = "?";
  EXPECT_EQ(tensor_node_location(node, text, sizeof(text), nullptr), TENSOR_OK);
  return text;
}

class Anomaly : public TensorTest {
 protected:
  ~Anomaly() override {
    tensor_set_detect_anomaly(false, true);
    tensor_set_location(nullptr);
    tensor_set_location_callback(nullptr, nullptr, nullptr);
  }
  static void detect(bool check_nan = true) {
    EXPECT_EQ(tensor_set_detect_anomaly(true, check_nan), TENSOR_OK);
  }
  // sqrt(x) * 0 at x = 0: the derivative is inf * 0.
  static Owned nan_in_backward(const tensor_t* x) {
    return call(tensor_sum, call(tensor_mul_scalar, call(tensor_sqrt, x), number(0)));
  }
  static void expect_backward_error(const std::string& message, tensor_t* root) {
    EXPECT_EQ(tensor_backward(root), TENSOR_ERROR_INVALID_ARGUMENT);
    EXPECT_EQ(tensor_last_error(), message);
  }

  const Owned x_ = leaf({0, 1});
};

TEST_F(Anomaly, SettingIsReadBack) {
  bool enabled = true, check_nan = false;
  OK(tensor_detect_anomaly(&enabled, &check_nan));
  EXPECT_FALSE(enabled);
  EXPECT_TRUE(check_nan);
  detect(false);
  OK(tensor_detect_anomaly(&enabled, nullptr));
  OK(tensor_detect_anomaly(nullptr, &check_nan));
  EXPECT_TRUE(enabled);
  EXPECT_FALSE(check_nan);
}

TEST_F(Anomaly, NanNamesTheNodeAndThePlace) {
  detect();
  OK(tensor_set_location("model.c:12"));
  const Owned root = nan_in_backward(x_);
  OK(tensor_set_location("train.c:99"));
  expect_backward_error(
      "Function 'SqrtBackward0' returned nan values in its 0th output.\n"
      "SqrtBackward0 was recorded at model.c:12",
      root);
  EXPECT_FALSE(grad(x_));
}

TEST_F(Anomaly, NanIsNoErrorOtherwise) {
  OK(tensor_backward(nan_in_backward(x_)));
  EXPECT_TRUE(std::isnan(values(grad(x_))[0]));
  detect(false);
  OK(tensor_backward(nan_in_backward(x_)));
}

TEST_F(Anomaly, NodesRecordedBeforeHaveNoPlace) {
  OK(tensor_set_location("early.c:1"));
  const Owned root = nan_in_backward(x_);
  detect();
  expect_backward_error(
      "Function 'SqrtBackward0' returned nan values in its 0th output.\n"
      "SqrtBackward0 was recorded before anomaly detection was on.",
      root);
  OK(tensor_set_location(nullptr));
  expect_backward_error(
      "Function 'SqrtBackward0' returned nan values in its 0th output.\n"
      "SqrtBackward0 was recorded at a place that nobody named.",
      nan_in_backward(x_));
}

TEST_F(Anomaly, OtherErrorsOfBackwardHaveThePlaceToo) {
  detect();
  OK(tensor_set_location("model.c:7"));
  const Owned b = call(tensor_mul, call(tensor_exp, x_), x_), sum = call(tensor_sum, b);
  OK(tensor_backward(sum));
  EXPECT_EQ(tensor_backward(sum), TENSOR_ERROR_INVALID_ARGUMENT);
  const std::string message = tensor_last_error();
  EXPECT_EQ(message.find("Trying to backward through the graph a second time"), 0u);
  EXPECT_NE(message.find("\nMulBackward0 was recorded at model.c:7"), std::string::npos) << message;
}

TEST_F(Anomaly, PartsOfADerivativeNameTheOneTheyBelongTo) {
  detect();
  OK(tensor_set_location("model.c:3"));
  const Owned x = leaf({0}), y = call(tensor_sum, call(tensor_pow_scalar, x, number(1.5)));
  OK(tensor_set_location("train.c:8"));
  const Owned slope = differentiable_gradient(y, x);  // 1.5 x^0.5, recorded in backward
  OK(tensor_set_location("train.c:9"));
  expect_backward_error(
      "Function 'PowBackward0' returned nan values in its 0th output.\n"
      "PowBackward0 was recorded at train.c:8\n"
      "That was during the backward of PowBackward0, which was recorded at model.c:3",
      call(tensor_sum, call(tensor_mul_scalar, slope, number(0))));
}

TEST_F(Anomaly, LocationsAreOfTheirThread) {
  detect();
  OK(tensor_set_location("main"));
  std::string elsewhere = "?";
  std::thread([&] {
    const Owned a = call(tensor_exp, x_);
    elsewhere = location(grad_fn_node(a));
    tensor_set_location("other thread");
  }).join();
  const Owned b = call(tensor_exp, x_);
  EXPECT_EQ(elsewhere, "");
  EXPECT_EQ(location(grad_fn_node(b)), "main");
}

TEST_F(Anomaly, CallbackMayReleaseTheArguments) {
  const auto release = [](void* user, char*, size_t, size_t*) {
    return tensor_release(std::exchange(*static_cast<tensor_t**>(user), nullptr));
  };
  const Owned kept = call(tensor_mul_scalar, x_, number(2));
  tensor_t* x = call(tensor_retain, kept).give();
  tensor_t* const given = x;
  detect();
  OK(tensor_set_location_callback(release, &x, nullptr));
  OK(tensor_div_scalar_(given, number(4)));
  EXPECT_EQ(tensor_release(given), TENSOR_ERROR_INVALID_HANDLE);
  expect_values(kept, {0, 0.5});
  EXPECT_EQ(grad_fn(kept), "DivBackward0");
}

// Gradients of leaves and retained ones that are recorded: each step makes nodes.
void train_recorded(const tensor_t* of) {
  const Owned x = call(tensor_detach, of);
  OK(tensor_set_requires_grad(x, true));
  const Owned square = call(tensor_mul, x, x), total = call(tensor_sum, square);
  OK(tensor_retain_grad(square));
  tensor_backward_options_t options = tensor_backward_options_default();
  options.create_graph = true;
  options.retain_graph = true;
  for (int pass = 0; pass < 2; ++pass) OK(tensor_backward_with(total, &options));
  expect_values(grad(x), {0, 4});
  OK(tensor_set_grad(x, nullptr));  // the grad's graph holds the leaf: break the cycle
}

// A lock held while the callback runs would be waited for without end.
TEST_F(Anomaly, CallbackMayDoAllThatMadeTheNode) {
  struct State {
    const tensor_t* x;
    int depth = 0, asked = 0;
  } state{x_};
  const auto train = [](void* user, char*, size_t, size_t* length) {
    State& now = *static_cast<State*>(user);
    *length = 0;
    ++now.asked;
    if (now.depth++ == 0) train_recorded(now.x);
    --now.depth;
    return tensor_status_t{TENSOR_OK};
  };
  detect();
  OK(tensor_set_location_callback(train, &state, nullptr));
  train_recorded(x_);
  EXPECT_GT(state.asked, 10);
}

TEST_F(Anomaly, CallbackIsAskedForEachNodeAndDestroyedOnce) {
  struct State {
    int asked = 0, destroyed = 0;
  } state;
  const auto tell = [](void* user, char* buffer, size_t capacity, size_t* length) {
    const std::string text =
        "place " + std::to_string(++static_cast<State*>(user)->asked) + std::string(3000, '.');
    *length = text.size();
    if (capacity > 0) {
      const size_t count = std::min(capacity - 1, text.size());
      text.copy(buffer, count);
      buffer[count] = '\0';
    }
    return tensor_status_t{TENSOR_OK};
  };
  const auto destroy = [](void* user) { ++static_cast<State*>(user)->destroyed; };
  OK(tensor_set_location_callback(tell, &state, destroy));
  const Owned quiet = call(tensor_exp, x_);
  EXPECT_EQ(state.asked, 0) << "detection is off";
  detect();
  const Owned loud = call(tensor_exp, x_);
  EXPECT_EQ(state.asked, 2) << "once for the length, once for the text";
  size_t length = 0;
  OK(tensor_node_location(grad_fn_node(loud), nullptr, 0, &length));
  EXPECT_EQ(length, 3007u);
  OK(tensor_set_location_callback(nullptr, nullptr, nullptr));
  EXPECT_EQ(state.destroyed, 1);
}

TEST_F(Anomaly, GraphsOutliveTheDetection) {
  detect();
  OK(tensor_set_location("here"));
  Owned a = call(tensor_exp, x_);
  const OwnedNode node = grad_fn_node(a);
  OK(tensor_set_detect_anomaly(false, true));
  EXPECT_EQ(location(node), "here");
  a.release();
}

}  // namespace
}  // namespace test
