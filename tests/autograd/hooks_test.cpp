// Hooks of tensors and nodes: when they run, what they may replace, and that destroy comes once.
#include "support/callbacks.h"
#include "support/refusal.h"
#include "support/texts.h"

namespace test {
namespace {

class Hooks : public TensorTest {
 protected:
  void note(const std::string& what) { log_ += what + " "; }
  OnTensor::Function noting(const std::string& what) {
    return [this, what](tensor_t**) {
      note(what);
      return TENSOR_OK;
    };
  }
  static OnTensor::Function times(double factor) {
    return [factor](tensor_t** grad) { return tensor_mul_scalar(*grad, number(factor), grad); };
  }

  std::string log_;
  const Owned x_ = leaf({1, 2});
};

TEST_F(Hooks, OfATensorSeesAndReplacesItsGradient) {
  const Owned y = call(tensor_mul_scalar, x_, number(3));
  const OwnedHook first = on_tensor(y, [&](tensor_t** grad) {
    note(std::to_string(value(call(tensor_sum, *grad))));
    return tensor_mul_scalar(*grad, number(10), grad);
  });
  const OwnedHook second = on_tensor(y, [&](tensor_t** grad) {
    note(std::to_string(value(call(tensor_sum, *grad))));
    return TENSOR_OK;
  });
  OK(tensor_backward(call(tensor_sum, y)));
  EXPECT_EQ(log_, "2.000000 20.000000 ");
  expect_values(grad(x_), {30, 30});
}

TEST_F(Hooks, OfALeafReplacesWhatIsAdded) {
  const OwnedHook hook = on_tensor(x_, times(5));
  OK(tensor_backward(call(tensor_sum, x_)));
  OK(tensor_backward(call(tensor_sum, x_)));
  expect_values(grad(x_), {10, 10});
}

TEST_F(Hooks, OfALeafRegisteredWhileItsGraphExists) {
  const Owned y = call(tensor_sum, x_);
  const OwnedHook hook = on_tensor(x_, times(5));
  OK(tensor_backward(y));
  expect_values(grad(x_), {5, 5});
}

TEST_F(Hooks, RunInPyTorchsOrder) {
  const Owned y = call(tensor_mul_scalar, x_, number(3));
  const OwnedNode node = grad_fn_node(y);
  const OwnedHook post = after_node(node, [&](tensor_t**, size_t, tensor_t* const*, size_t) {
    note("post");
    return TENSOR_OK;
  });
  const OwnedHook pre = before_node(node, [&](tensor_t**, size_t) {
    note("pre");
    return TENSOR_OK;
  });
  OK(tensor_retain_grad(y));
  const OwnedHook doubled = on_tensor(y, times(2));
  const OwnedHook tensor = on_tensor(y, noting("tensor"));
  const OwnedHook leaf = on_tensor(x_, noting("leaf"));
  const OwnedHook accumulated = after_accumulation(x_, [&](tensor_t* t) {
    note(is_same(t, x_) ? "accumulated" : "another");
    return TENSOR_OK;
  });
  OK(tensor_backward(call(tensor_sum, y)));
  EXPECT_EQ(log_, "tensor pre post leaf accumulated ");
  expect_values(grad(y), {2, 2});  // retained after the other hooks of the tensor
  expect_values(grad(x_), {6, 6});
}

TEST_F(Hooks, OfANodeReplaceGradientsOfOutputsAndInputs) {
  const Owned other = leaf({5, 7}), y = call(tensor_mul, x_, other);
  const OwnedNode node = grad_fn_node(y);
  const OwnedHook pre = before_node(node, [](tensor_t** grads, size_t count) {
    EXPECT_EQ(count, 1u);
    return tensor_add_scalar(grads[0], number(1), grads);
  });
  const OwnedHook post = after_node(
      node, [](tensor_t** inputs, size_t count, tensor_t* const* outputs, size_t output_count) {
        EXPECT_EQ(count, 2u);
        EXPECT_EQ(output_count, 1u);
        expect_values(outputs[0], {2, 2});
        inputs[1] = nullptr;
        return tensor_mul_scalar(inputs[0], number(10), inputs);
      });
  OK(tensor_backward(call(tensor_sum, y)));
  expect_values(grad(x_), {100, 140});
  EXPECT_EQ(static_cast<tensor_t*>(grad(other)), nullptr);
}

TEST_F(Hooks, OfAnAccumulateGradRun) {
  OwnedNode node;
  OK(tensor_gradient_edge(x_, node.out(), nullptr));
  Owned kept;
  const OwnedHook pre = before_node(
      node, [](tensor_t** grads, size_t) { return tensor_mul_scalar(grads[0], number(4), grads); });
  const OwnedHook post =
      after_node(node, [&](tensor_t**, size_t count, tensor_t* const* outputs, size_t) {
        EXPECT_EQ(count, 0u);
        return tensor_retain(outputs[0], kept.out());
      });
  OK(tensor_backward(call(tensor_sum, x_)));
  expect_values(grad(x_), {4, 4});
  OK(tensor_backward(call(tensor_sum, x_)));
  expect_values(grad(x_), {8, 8});
  expect_values(kept, {4, 4});  // no alias of the leaf's gradient
}

TEST_F(Hooks, RemovedDoNotRunAndAreDestroyedAtOnce) {
  int destroyed = 0;
  const Owned y = call(tensor_exp, x_);
  const OwnedHook hook = on_tensor(y, noting("hook"), &destroyed);
  OK(tensor_hook_remove(hook));
  EXPECT_EQ(destroyed, 1);
  OK(tensor_hook_remove(hook));
  OK(tensor_backward(call(tensor_sum, y)));
  EXPECT_EQ(log_, "");
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Hooks, MayRemoveThemselvesAndAddOthersWhileTheyRun) {
  int destroyed = 0;
  OwnedHook hook, other;
  hook = on_tensor(
      x_,
      [&](tensor_t**) {
        note("once");
        EXPECT_EQ(tensor_hook_remove(hook), TENSOR_OK);
        EXPECT_EQ(destroyed, 0);
        other = on_tensor(x_, noting("other"));
        return TENSOR_OK;
      },
      &destroyed);
  OK(tensor_backward(call(tensor_sum, x_)));
  EXPECT_EQ(destroyed, 1);
  OK(tensor_backward(call(tensor_sum, x_)));
  EXPECT_EQ(log_, "once other ");
}

TEST_F(Hooks, StayWhenTheirHandleIsReleased) {
  int destroyed = 0;
  {
    const Owned y = call(tensor_exp, x_);
    on_tensor(y, noting("hook"), &destroyed).release();
    EXPECT_EQ(destroyed, 0);
    OK(tensor_backward(call(tensor_sum, y)));
    EXPECT_EQ(log_, "hook ");
  }
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Hooks, OfALeafAreDestroyedWithIt) {
  int destroyed = 0;
  {
    const Owned x = leaf({1});
    on_tensor(x, noting("hook"), &destroyed);
    after_accumulation(
        x, [](tensor_t*) { return TENSOR_OK; }, &destroyed);
    OK(tensor_backward(call(tensor_sum, x)));
    EXPECT_EQ(destroyed, 0);
  }
  EXPECT_EQ(destroyed, 2);
}

TEST_F(Hooks, ErrorTravelsOutOfBackwardWithItsMessage) {
  int destroyed = 0;
  {
    const Owned y = call(tensor_exp, x_);
    on_tensor(
        y, [](tensor_t**) { return refuse("no such gradient"); }, &destroyed);
    const Owned total = call(tensor_sum, y);
    expect_refusal({TENSOR_ERROR_VALUE, "no such gradient"}, {x_, y},
                   [&] { return tensor_backward(total); });
  }
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Hooks, ErrorWithoutMessageNamesTheStatus) {
  on_tensor(x_, [](tensor_t**) { return TENSOR_ERROR_INDEX; });
  expect_refusal({TENSOR_ERROR_INDEX, "a tensor hook failed: index error"}, {x_},
                 [&] { return tensor_backward(call(tensor_sum, x_)); });
}

TEST_F(Hooks, ErrorAfterAReplacementLeaksNothing) {
  on_tensor(x_, [](tensor_t** grad) {
    EXPECT_EQ(tensor_neg(*grad, grad), TENSOR_OK);
    return refuse("changed my mind");
  });
  expect_refusal({TENSOR_ERROR_VALUE, "changed my mind"}, {x_},
                 [&] { return tensor_backward(call(tensor_sum, x_)); });
}

TEST_F(Hooks, OfTheWrongShapeOrTypeAreRefused) {
  OwnedHook hook = on_tensor(x_, [](tensor_t** grad) { return tensor_sum(*grad, grad); });
  const auto run = [&] { return tensor_backward(call(tensor_sum, x_)); };
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "hook has changed the size of value"}, {x_}, run);
  OK(tensor_hook_remove(hook));
  hook = on_tensor(x_, [](tensor_t** grad) {
    const tensor_options_t to = options(TENSOR_FLOAT32);
    return tensor_to(*grad, &to, grad);
  });
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  as_here("hook has changed the type of value (was torch.DoubleTensor got "
                          "torch.FloatTensor)")},
                 {x_}, run);
}

TEST_F(Hooks, ThatReturnNoHandleAreRefused) {
  on_tensor(x_, [](tensor_t** grad) {
    *grad = unwritten();
    return TENSOR_OK;
  });
  expect_status(TENSOR_ERROR_INVALID_HANDLE, [&] { return tensor_backward(call(tensor_sum, x_)); });
}

TEST_F(Hooks, AreRefusedWhereThereIsNoGradientAndDestroyed) {
  const Owned plain_one = plain({1}), y = call(tensor_exp, x_);
  int destroyed = 0;
  const OnTensor first([](tensor_t**) { return TENSOR_OK; }, &destroyed);
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "cannot register a hook on a tensor that doesn't require gradient"},
                 {plain_one}, [&] {
                   return tensor_register_hook(plain_one, OnTensor::call, first.user(),
                                               OnTensor::destroy, nullptr);
                 });
  EXPECT_EQ(destroyed, 1);
  const OnLeaf second([](tensor_t*) { return TENSOR_OK; }, &destroyed);
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "post accumulate grad hooks cannot be registered on non-leaf tensors"},
                 {y}, [&] {
                   return tensor_register_post_accumulate_grad_hook(y, OnLeaf::call, second.user(),
                                                                    OnLeaf::destroy, nullptr);
                 });
  EXPECT_EQ(destroyed, 2);
  const OnTensor third([](tensor_t**) { return TENSOR_OK; }, &destroyed);
  expect_status(TENSOR_ERROR_INVALID_HANDLE, [&] {
    return tensor_register_hook(nullptr, OnTensor::call, third.user(), OnTensor::destroy, nullptr);
  });
  EXPECT_EQ(destroyed, 3);
  const OnTensor fourth([](tensor_t**) { return TENSOR_OK; }, &destroyed);
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] {
    return tensor_register_hook(x_, nullptr, fourth.user(), OnTensor::destroy, nullptr);
  });
  EXPECT_EQ(destroyed, 4);
}

TEST_F(Hooks, OfATensorFollowTheOldContentAfterAnInPlaceChange) {
  const Owned y = call(tensor_mul_scalar, x_, number(3));
  Values old_one, new_one;
  on_tensor(y, [&](tensor_t** grad) {
    old_one = values(*grad);
    return TENSOR_OK;
  });
  OK(tensor_retain_grad(y));
  OK(tensor_mul_scalar_(y, number(2)));
  on_tensor(y, [&](tensor_t** grad) {
    new_one = values(*grad);
    return TENSOR_OK;
  });
  OK(tensor_backward(call(tensor_sum, call(tensor_mul_scalar, y, number(5)))));
  EXPECT_EQ(new_one, Values({5, 5}));
  EXPECT_EQ(old_one, Values({10, 10}));
  expect_values(grad(y), {5, 5});  // that of the new content
}

TEST_F(Hooks, RetainedGradIsAddedUp) {
  const Owned y = call(tensor_mul_scalar, x_, number(3)), z = call(tensor_sum, y);
  bool retains = true;
  OK(tensor_retains_grad(y, &retains));
  EXPECT_FALSE(retains);
  OK(tensor_retain_grad(y));
  OK(tensor_retain_grad(y));
  OK(tensor_retains_grad(y, &retains));
  EXPECT_TRUE(retains);
  tensor_backward_options_t options = tensor_backward_options_default();
  options.retain_graph = true;
  OK(tensor_backward_with(z, &options));
  const Owned first = grad(y);
  OK(tensor_backward_with(z, &options));
  expect_values(first, {1, 1});
  expect_values(grad(y), {2, 2});
  OK(tensor_set_grad(y, nullptr));
  OK(tensor_backward(z));
  expect_values(grad(y), {1, 1});
}

TEST_F(Hooks, RetainedGradOfADroppedTensorIsNotKept) {
  Owned z;
  {
    const Owned y = call(tensor_exp, x_);
    OK(tensor_retain_grad(y));
    z = call(tensor_sum, y);
  }
  OK(tensor_backward(z));
}

TEST_F(Hooks, ToRetainTheGradOfALeafDoesNothing) {
  OK(tensor_retain_grad(x_));
  bool retains = true;
  OK(tensor_retains_grad(x_, &retains));
  EXPECT_FALSE(retains);
  const Owned none = plain({1});
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT, "can't retain_grad on Tensor that has requires_grad=False"},
      {none}, [&] { return tensor_retain_grad(none); });
}

TEST_F(Hooks, RetainedGradOfAViewFollowsAChangeOfItsBase) {
  const Owned y = call(tensor_mul_scalar, x_, number(3)), part = call(tensor_select, y, 0, 1);
  OK(tensor_retain_grad(part));
  OK(tensor_mul_scalar_(y, number(2)));
  OK(tensor_backward(call(tensor_mul_scalar, part, number(7))));
  expect_values(grad(part), {7});
  expect_values(grad(x_), {0, 42});
}

TEST_F(Hooks, OfWhatIsAskedForRunBeforeItIsTakenUnlessItsNodeRuns) {
  const Owned y = call(tensor_mul_scalar, x_, number(3)),
              z = call(tensor_sum, call(tensor_mul, y, y));
  on_tensor(y, times(10));
  tensor_backward_options_t options = tensor_backward_options_default();
  options.retain_graph = true;
  tensor_t *outputs[] = {z}, *inputs[] = {y, x_}, *found[2] = {};
  OK(tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, &options, found));
  expect_values(Owned(found[0]), {60, 120});
  OK(tensor_autograd_grad(outputs, 1, inputs, 2, nullptr, &options, found));
  expect_values(Owned(found[0]), {6, 12});
  expect_values(Owned(found[1]), {180, 360});
}

TEST_F(Hooks, QueuedCallbackRunsAtTheEnd) {
  int destroyed = 0;
  on_tensor(x_, [&](tensor_t**) {
    const Callback<> callback(
        [&] {
          note("end");
          return TENSOR_OK;
        },
        &destroyed);
    return tensor_queue_callback(Callback<>::call, callback.user(), Callback<>::destroy);
  });
  after_accumulation(x_, [&](tensor_t*) {
    note("accumulated");
    return TENSOR_OK;
  });
  OK(tensor_backward(call(tensor_sum, x_)));
  EXPECT_EQ(log_, "accumulated end ");
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Hooks, QueuedCallbackOfAFailedPassIsOnlyDestroyed) {
  int destroyed = 0;
  on_tensor(x_, [&](tensor_t**) {
    const Callback<> callback(
        [&] {
          note("end");
          return TENSOR_OK;
        },
        &destroyed);
    tensor_queue_callback(Callback<>::call, callback.user(), Callback<>::destroy);
    return refuse("stop");
  });
  expect_refusal({TENSOR_ERROR_VALUE, "stop"}, {x_},
                 [&] { return tensor_backward(call(tensor_sum, x_)); });
  EXPECT_EQ(log_, "");
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Hooks, CallbackOutsideBackwardIsRefusedAndDestroyed) {
  int destroyed = 0;
  const Callback<> callback([] { return TENSOR_OK; }, &destroyed);
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "Final callbacks can only be installed during backward pass."},
                 {}, [&] {
                   return tensor_queue_callback(Callback<>::call, callback.user(),
                                                Callback<>::destroy);
                 });
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Hooks, HandleOfAHookIsNoNode) {
  const OwnedHook hook = on_tensor(x_, noting("hook"));
  auto* node = reinterpret_cast<tensor_node_t*>(static_cast<tensor_hook_t*>(hook));
  size_t count = 0;
  expect_refusal({TENSOR_ERROR_INVALID_HANDLE, "node is the handle of a hook, not of a graph node"},
                 {}, [&] { return tensor_node_edge_count(node, &count); });
}

}  // namespace
}  // namespace test
