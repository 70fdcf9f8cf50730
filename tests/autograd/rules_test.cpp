// Rules of PyTorch's that are easily missed; the values are what PyTorch 2.15 gives.
#include "support/callbacks.h"
#include "support/gradients.h"
#include "support/refusal.h"

namespace test {
namespace {

class Rules : public TensorTest {
 protected:
  static Owned strided(tensor_t* t, const Shape& size, const Shape& stride) {
    return call(tensor_as_strided, t, size.data(), size.size(), stride.data(), stride.size(),
                nullptr);
  }
  static Owned expanded(tensor_t* t, const Shape& size) {
    return call(tensor_expand, t, size.data(), size.size());
  }
  // Of sum(y * [1, 2, 3, ...]).
  static Values weighted_gradient(tensor_t* x, tensor_t* y) {
    Values weights;
    for (int64_t i = 0; i < numel(y); ++i) weights.push_back(static_cast<double>(i + 1));
    const Owned loss = call(tensor_sum, call(tensor_mul, y, plain(weights, shape(y))));
    EXPECT_EQ(tensor_backward(loss), TENSOR_OK) << tensor_last_error();
    return values(grad(x));
  }
};

TEST_F(Rules, AsStridedDividesAmongElementsThatShareMemory) {
  const auto check = [](const Shape& size, const Shape& stride, const Values& expected) {
    const Owned x = leaf({1, 2, 3, 4}), y = strided(expanded(x, {3, 4}), size, stride);
    EXPECT_EQ(weighted_gradient(x, y), expected);
  };
  check({4}, {1}, {1, 2, 3, 4});
  check({3, 4}, {0, 1}, {15, 18, 21, 24});
  check({3, 2}, {1, 1}, {1, 5, 9, 6});
  check({2, 2}, {2, 1}, {1, 2, 3, 4});
  const Owned x = leaf({1, 2, 3, 4}), y = strided(strided(x, {3, 2}, {1, 1}), {4}, {1});
  EXPECT_EQ(weighted_gradient(x, y), (Values{1, 2, 3, 4}));
}

TEST_F(Rules, AsStridedOfSharedMemoryIsDifferentiatedTwice) {
  const Owned x = leaf({1, 1, 1, 1}),
              y = strided(expanded(call(tensor_mul, x, x), {3, 4}), {4}, {1}),
              total = call(tensor_sum, y), first = differentiable_gradient(total, x),
              sum = call(tensor_sum, first);
  expect_values(gradient(sum, x), {2, 2, 2, 2});
}

TEST_F(Rules, AFunctionThatReturnsItsInputRecordsNothingWhereRecordingIsOff) {
  for (const bool dirty : {false, true}) {
    const Owned x = leaf({1, 2});
    const NoGrad no_grad;
    const OwnedFunction function = begin_function({x}, nullptr);
    tensor_t* input = x;
    OK(tensor_function_mark_dirty(function, &input, dirty ? 1 : 0));
    const Owned y = finish(function, x);
    EXPECT_FALSE(requires_grad(y));
    EXPECT_TRUE(requires_grad(x));
    OK(tensor_add_scalar_(y, number(1)));
  }
}

TEST_F(Rules, AFunctionMayReturnAViewOfWhatItChangedInPlace) {
  const Owned x = leaf({1, 2});
  const OwnedFunction function = begin_function(
      {x}, [](tensor_function_t*, tensor_t* const*, size_t, tensor_t** grads, size_t) {
        *grads = plain({7, 7}).give();
        return TENSOR_OK;
      });
  Owned part;
  {
    const NoGrad no_grad;
    const Owned local = call(tensor_clone, x);
    part = call(tensor_slice, local, 0, 0, 1, 1);
    OK(tensor_mul_scalar_(local, number(2)));
  }
  const Owned y = finish(function, part);
  OK(tensor_backward(call(tensor_sum, y)));
  expect_values(grad(x), {7, 7});
}

TEST_F(Rules, AFunctionThatCannotBeFinishedIsAsBefore) {
  int destroyed = 0;
  const Owned x = leaf({1, 2}), y = plain({2, 4}), other = plain({1, 1});
  {
    const OwnedFunction function = begin_function({x}, nullptr, &destroyed);
    tensor_t *saved = y, *dirty = other, *outputs[] = {y, other}, *results[2] = {};
    OK(tensor_function_save_for_backward(function, &saved, 1));
    OK(tensor_function_mark_dirty(function, &dirty, 1));
    expect_refusal(
        {TENSOR_ERROR_INVALID_ARGUMENT, "a tensor marked as dirty is not an input of the Function"},
        {x, y, other}, [&] { return tensor_function_finish(function, outputs, 2, results); });
    // A pack hook that fails comes last.
    OK(tensor_function_mark_dirty(function, nullptr, 0));
    const auto pack = [](void*, tensor_t*, void**) { return refuse("disk full"); };
    const auto unpack = [](void*, void*, tensor_t**) { return refuse("never"); };
    OK(tensor_saved_tensors_hooks_push(pack, unpack, nullptr, nullptr, nullptr));
    expect_refusal({TENSOR_ERROR_VALUE, "disk full"}, {x, y, other},
                   [&] { return tensor_function_finish(function, outputs, 2, results); });
    OK(tensor_saved_tensors_hooks_pop());
    OK(tensor_function_finish(function, outputs, 2, results));
    const Owned first(results[0]), second(results[1]);
    EXPECT_EQ(grad_fn(first), "TestBackward");
    OK(tensor_detach_(y));
    OK(tensor_detach_(other));
  }
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Rules, AHookThatRemovesOneThatIsToRunDoesNotKeepItFromRunning) {
  const Owned x = leaf({1, 2});
  std::string log;
  OwnedHook second;
  const OwnedHook first = on_tensor(x, [&](tensor_t**) {
    log += "a";
    return tensor_hook_remove(second);
  });
  second = on_tensor(x, [&](tensor_t**) {
    log += "b";
    return TENSOR_OK;
  });
  for (int i = 0; i < 2; ++i) OK(tensor_backward(call(tensor_sum, call(tensor_mul, x, x))));
  EXPECT_EQ(log, "aba");
}

TEST_F(Rules, AViewFromBeforeItsBaseRequiredGradHasNone) {
  const Owned x = plain({1, 2}), v = view(x, {2});
  OK(tensor_set_requires_grad(x, true));
  const Owned loss = call(tensor_sum, call(tensor_mul, x, x));
  tensor_t *input = v, *output = loss, *result = nullptr;
  tensor_backward_options_t options = tensor_backward_options_default();
  options.inputs = &input;
  options.input_count = 1;
  options.retain_graph = true;
  OK(tensor_backward_with(loss, &options));
  OK(tensor_grad(v, &result));
  EXPECT_EQ(result, nullptr);
  OK(tensor_grad(x, &result));
  EXPECT_EQ(result, nullptr);
  EXPECT_EQ(tensor_autograd_grad(&output, 1, &input, 1, nullptr, nullptr, &result),
            TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(tensor_backward_with(v, nullptr), TENSOR_ERROR_INVALID_ARGUMENT);
}

TEST_F(Rules, ZerosForWhatIsNotThereRequireGradWithCreateGraph) {
  for (const bool create_graph : {false, true}) {
    const Owned x = leaf({1, 2}), y = leaf({1, 2}), loss = call(tensor_sum, call(tensor_mul, x, x));
    tensor_backward_options_t options = tensor_backward_options_default();
    options.create_graph = create_graph;
    options.materialize_grads = true;
    const auto found = gradients({loss}, {x, y}, &options);
    EXPECT_EQ(requires_grad(found[1]), create_graph);
  }
}

TEST_F(Rules, ATensorKeepsItsVersionWhereItsDataIsExchanged) {
  const Owned a = plain({0, 0}), b = plain({1, 1}), part = call(tensor_slice, a, 0, 0, 1, 1);
  const auto versions = [&] {
    return std::vector<uint32_t>{version(a), version(b), version(part)};
  };
  using Versions = std::vector<uint32_t>;
  OK(tensor_set_data(a, b));
  OK(tensor_add_scalar_(a, number(1)));
  EXPECT_EQ(versions(), (Versions{1, 0, 1}));
  OK(tensor_add_scalar_(b, number(1)));
  EXPECT_EQ(versions(), (Versions{1, 1, 1}));
  OK(tensor_set_data(a, b));
  OK(tensor_add_scalar_(part, number(1)));
  EXPECT_EQ(versions(), (Versions{2, 1, 2}));
}

TEST_F(Rules, GradcheckMovesItsInputsThemselves) {
  const Owned x = leaf({1, 2});
  struct User {
    tensor_t* x;
    int calls = 0, fails_in = 0;
  };
  const auto square = [](void* user, tensor_t* const*, size_t, tensor_t** out, size_t) {
    auto* own = static_cast<User*>(user);
    if (++own->calls == own->fails_in) return refuse("not now");
    return tensor_mul(own->x, own->x, out);
  };
  for (const bool fast : {false, true}) {
    tensor_gradcheck_options_t options = tensor_gradcheck_options_default();
    options.fast_mode = fast;
    User user{x};
    tensor_t* input = x;
    OK(tensor_gradcheck(square, &user, &input, 1, 1, &options));
    User failing{x, 0, 3};
    expect_refusal({TENSOR_ERROR_VALUE, "not now"}, {x},
                   [&] { return tensor_gradcheck(square, &failing, &input, 1, 1, &options); });
  }
}

TEST_F(Rules, ACheckpointGivesWhatItComputesAgainOnce) {
  const Owned x = leaf({2, 3});
  const auto run = [](void*, tensor_t* const* inputs, size_t, tensor_t** outputs, size_t) {
    const OwnedFunction function = begin_function(
        {inputs[0]},
        [](tensor_function_t* own, tensor_t* const*, size_t, tensor_t** grads, size_t) {
          Owned first;
          const tensor_status_t status = tensor_function_saved_tensors(own, first.out(), 1);
          return status == TENSOR_OK ? tensor_function_saved_tensors(own, grads, 1) : status;
        });
    EXPECT_EQ(tensor_function_save_for_backward(function, inputs, 1), TENSOR_OK);
    tensor_t* output = inputs[0];
    return tensor_function_finish(function, &output, 1, outputs);
  };
  tensor_t *input = x, *output = nullptr;
  OK(tensor_checkpoint(run, nullptr, nullptr, &input, 1, nullptr, &output, 1));
  const Owned y(output), loss = call(tensor_sum, y);
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "torch.utils.checkpoint: Unpack is being triggered for a tensor that was already "
                  "unpacked once. If you are calling ctx.saved_tensors in backward, make sure to "
                  "do so only once. Otherwise please open an issue with details on your use case."},
                 {x}, [&] { return tensor_backward(loss); });
}

TEST_F(Rules, AFailedCheckpointHasDestroyedItsUserWhateverItLeftBehind) {
  static tensor_t* left = nullptr;
  const Owned x = leaf({2, 3});
  int destroyed = 0;
  const auto run = [](void*, tensor_t* const* inputs, size_t, tensor_t**, size_t) {
    EXPECT_EQ(tensor_mul(inputs[0], inputs[0], &left), TENSOR_OK);  // keeps what it saved
    return refuse("failed");
  };
  const auto destroy = [](void* user) { ++*static_cast<int*>(user); };
  tensor_t *input = x, *output = nullptr;
  EXPECT_EQ(tensor_checkpoint(run, &destroyed, destroy, &input, 1, nullptr, &output, 1),
            TENSOR_ERROR_VALUE);
  EXPECT_EQ(destroyed, 1);
  const Owned rest(left);
  EXPECT_NE(tensor_backward(call(tensor_sum, rest)), TENSOR_OK);
}

}  // namespace
}  // namespace test
