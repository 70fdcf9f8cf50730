// Backward within backward: from hooks and custom functions, to any depth.
#include "support/callbacks.h"
#include "support/refusal.h"

namespace test {
namespace {

class Reentrant : public TensorTest {};

// A function whose derivative runs another backward, which meets the next such function, and so on.
Owned nested(tensor_t* x, int depth, int* reached) {
  const OwnedFunction function =
      begin_function({x},
                     [depth, reached](tensor_function_t*, tensor_t* const* outputs, size_t,
                                      tensor_t** grads, size_t) -> tensor_status_t {
                       ++*reached;
                       if (depth > 0) {
                         bool recording = true;
                         tensor_grad_enabled(&recording);
                         EXPECT_FALSE(recording);
                         const NoGrad enabled(true);
                         const Owned inner = leaf({1}), y = nested(inner, depth - 1, reached);
                         if (const tensor_status_t status = tensor_backward(y); status != TENSOR_OK)
                           return status;
                         expect_values(grad(inner), {1});
                       }
                       return tensor_retain(outputs[0], grads);
                     });
  return finish(function, call(tensor_detach, x));
}

TEST_F(Reentrant, TenThousandLevelsDeep) {
  const int depth = repetitions(10000);
  int reached = 0;
  const Owned x = leaf({1}), y = nested(x, depth, &reached);
  OK(tensor_backward(y));
  EXPECT_EQ(reached, depth + 1);
  expect_values(grad(x), {1});
}

TEST_F(Reentrant, ErrorFromDeepInsideTravelsOut) {
  const Owned x = leaf({1});
  std::function<tensor_status_t(int)> descend = [&](int depth) -> tensor_status_t {
    const NoGrad enabled(true);
    const Owned inner = leaf({1}), y = call(tensor_exp, inner);
    on_tensor(y, [&, depth](tensor_t**) {
      return depth == 0 ? refuse("at the bottom") : descend(depth - 1);
    });
    return tensor_backward(y);
  };
  expect_refusal({TENSOR_ERROR_VALUE, "at the bottom"}, {x}, [&] { return descend(200); });
}

TEST_F(Reentrant, SameGraphFromAHook) {
  const Owned x = leaf({2}), y = call(tensor_mul, x, x), z = call(tensor_mul, y, y);
  tensor_backward_options_t options = tensor_backward_options_default();
  options.retain_graph = true;
  bool inside = false;
  on_tensor(y, [&](tensor_t**) -> tensor_status_t {
    if (inside) return TENSOR_OK;
    inside = true;
    return tensor_backward_with(z, &options);
  });
  OK(tensor_backward_with(z, &options));
  expect_values(grad(x), {64});  // 4 x^3, twice
}

TEST_F(Reentrant, QueuedCallbackBelongsToTheInnerPass) {
  std::string log;
  const Owned x = leaf({1}), y = call(tensor_exp, x);
  on_tensor(y, [&](tensor_t**) {
    const NoGrad enabled(true);
    const Owned inner = leaf({1}), z = call(tensor_exp, inner);
    on_tensor(z, [&](tensor_t**) {
      const Callback<> callback([&] {
        log += "inner ";
        return TENSOR_OK;
      });
      return tensor_queue_callback(Callback<>::call, callback.user(), Callback<>::destroy);
    });
    const tensor_status_t status = tensor_backward(z);
    log += "outer ";
    return status;
  });
  OK(tensor_backward(y));
  EXPECT_EQ(log, "inner outer ");
}

bool is_partial() {
  bool out = false;
  EXPECT_EQ(tensor_backward_is_partial(&out), TENSOR_OK);
  return out;
}

TEST_F(Reentrant, CallbacksKnowWhetherThePassIsPartial) {
  EXPECT_FALSE(is_partial());
  // 100 levels: some go on on another stack.
  std::function<tensor_status_t(int, bool)> descend = [&](int depth,
                                                          bool expected) -> tensor_status_t {
    EXPECT_EQ(is_partial(), expected);
    if (depth == 0) return TENSOR_OK;
    const NoGrad enabled(true);
    const Owned inner = leaf({1}), y = call(tensor_exp, inner);
    on_tensor(y, [&, depth](tensor_t**) { return descend(depth - 1, expected); });
    return tensor_backward(y);
  };
  const Owned x = leaf({1}), y = call(tensor_exp, x);
  bool expected = false;
  on_tensor(y, [&](tensor_t**) {
    EXPECT_EQ(is_partial(), expected);
    return descend(100, expected);
  });
  tensor_backward_options_t options = tensor_backward_options_default();
  options.retain_graph = true;
  OK(tensor_backward_with(y, &options));
  expected = true;
  tensor_t *root = y, *input = x, *gradient = nullptr;
  OK(tensor_autograd_grad(&root, 1, &input, 1, nullptr, &options, &gradient));
  OK(tensor_release(gradient));
  options.inputs = &input;
  options.input_count = 1;
  OK(tensor_backward_with(y, &options));
  EXPECT_FALSE(is_partial());
}

TEST_F(Reentrant, DeepLevelsSeeTheThreadsSettings) {
  // Beyond some depth a pass runs on another stack: saved tensor hooks go along.
  int packed = 0;
  const auto pack = [](void* user, tensor_t* t, void** out) -> tensor_status_t {
    ++*static_cast<int*>(user);
    return tensor_retain(t, reinterpret_cast<tensor_t**>(out));
  };
  const auto unpack = [](void*, void* kept, tensor_t** out) -> tensor_status_t {
    return tensor_retain(static_cast<tensor_t*>(kept), out);
  };
  const auto discard = [](void*, void* kept) { tensor_release(static_cast<tensor_t*>(kept)); };
  std::function<tensor_status_t(int)> descend = [&](int depth) -> tensor_status_t {
    const NoGrad enabled(true);
    const Owned inner = leaf({1}), y = call(tensor_exp, inner);
    if (depth > 0) on_tensor(y, [&, depth](tensor_t**) { return descend(depth - 1); });
    return tensor_backward(y);
  };
  OK(tensor_saved_tensors_hooks_push(pack, unpack, discard, &packed, nullptr));
  OK(descend(150));
  OK(tensor_saved_tensors_hooks_pop());
  EXPECT_EQ(packed, 151);
}

TEST_F(Reentrant, CancelStopsPassesWithinPasses) {
  OwnedCancel cancel;
  OK(tensor_cancel_new(cancel.out()));
  tensor_backward_options_t options = tensor_backward_options_default();
  options.cancel = cancel;
  const Owned x = leaf({1}), y = call(tensor_exp, x);
  on_tensor(y, [&](tensor_t**) {
    EXPECT_EQ(tensor_cancel(cancel), TENSOR_OK);
    const NoGrad enabled(true);
    const Owned inner = leaf({1});
    return tensor_backward(call(tensor_exp, inner));
  });
  expect_refusal({TENSOR_ERROR_CANCELLED, "backward was cancelled"}, {x, y},
                 [&] { return tensor_backward_with(y, &options); });
}

}  // namespace
}  // namespace test
