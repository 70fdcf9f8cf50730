// Hooks of several tensors at once: once a pass, with all gradients or the first; what PyTorch
// calls them with is in the conformance programs.
#include <atomic>
#include <thread>

#include "support/callbacks.h"
#include "support/refusal.h"

namespace test {
namespace {

class MultiGradHooks : public TensorTest {
 protected:
  const Owned x_ = leaf({1, 2}), y_ = leaf({3, 5});
};

TEST_F(MultiGradHooks, GetAllGradientsOnceAPass) {
  std::vector<Values> seen;
  const Owned unused = leaf({7, 7});
  const OwnedHook hook = on_all({x_, unused, y_}, [&](tensor_t* const* grads, size_t count) {
    EXPECT_EQ(count, 3u);
    EXPECT_EQ(grads[1], nullptr);
    seen.push_back(values(grads[0]));
    seen.push_back(values(grads[2]));
    return TENSOR_OK;
  });
  for (int pass = 0; pass < 2; ++pass) {
    seen.clear();
    OK(tensor_backward(call(tensor_sum, call(tensor_mul, x_, y_))));
    EXPECT_EQ(seen, (std::vector<Values>{{3, 5}, {1, 2}}));
  }
}

TEST_F(MultiGradHooks, GetTheFirstGradientOnceAPass) {
  int calls = 0;
  const Owned z = call(tensor_mul, x_, y_);
  const OwnedHook hook = on_any({x_, y_, z}, [&](tensor_t* grad) {
    ++calls;
    EXPECT_EQ(values(grad), (Values{1, 1}));  // of z
    return TENSOR_OK;
  });
  OK(tensor_backward(call(tensor_sum, z)));
  EXPECT_EQ(calls, 1);
}

TEST_F(MultiGradHooks, AreDestroyedOnceWhenRemovedOrWhenAllTensorsAreGone) {
  int destroyed = 0;
  const OwnedHook removed = on_all(
      {x_, y_}, [](tensor_t* const*, size_t) { return TENSOR_OK; }, &destroyed);
  OK(tensor_hook_remove(removed));
  EXPECT_EQ(destroyed, 1);
  OK(tensor_hook_remove(removed));
  {
    const Owned z = call(tensor_exp, x_);
    {
      const Owned passing = call(tensor_exp, y_);
      on_any(
          {passing, z}, [](tensor_t*) { return TENSOR_OK; }, &destroyed);
    }
    EXPECT_EQ(destroyed, 1);
    OK(tensor_backward(call(tensor_sum, z)));
  }
  EXPECT_EQ(destroyed, 2);
}

TEST_F(MultiGradHooks, AreRefusedAsAWholeAndDestroyed) {
  int destroyed = 0;
  const Owned plain_one = plain({1, 2});
  tensor_t* tensors[] = {x_, plain_one};
  const auto never = [](tensor_t* const*, size_t) {
    ADD_FAILURE();
    return TENSOR_OK;
  };
  const OnGradients first(never, &destroyed);
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "cannot register a hook on a tensor that doesn't require gradient"},
                 {x_, plain_one}, [&] {
                   return tensor_register_multi_grad_hook(
                       tensors, 2, OnGradients::call, first.user(), OnGradients::destroy, nullptr);
                 });
  EXPECT_EQ(destroyed, 1);
  const OnGradients second(never, &destroyed);
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "tensors must not be NULL"}, {x_}, [&] {
    return tensor_register_multi_grad_hook(nullptr, 2, OnGradients::call, second.user(),
                                           OnGradients::destroy, nullptr);
  });
  EXPECT_EQ(destroyed, 2);
  const OnLeaf third([](tensor_t*) { return TENSOR_OK; }, &destroyed);
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "hook must not be NULL"}, {x_}, [&] {
    return tensor_register_any_grad_hook(tensors, 1, nullptr, third.user(), OnLeaf::destroy,
                                         nullptr);
  });
  EXPECT_EQ(destroyed, 3);
  OK(tensor_backward(call(tensor_sum, x_)));  // calls none of them
}

TEST_F(MultiGradHooks, StartAnewAfterAPassThatFailed) {
  int calls = 0;
  bool fails = true;
  const OwnedHook all = on_all({x_, y_}, [&](tensor_t* const*, size_t) {
    ++calls;
    return fails ? tensor_set_last_error(TENSOR_ERROR_VALUE, "not this time") : TENSOR_OK;
  });
  const Owned z = call(tensor_sum, call(tensor_mul, x_, y_));
  expect_refusal({TENSOR_ERROR_VALUE, "not this time"}, {}, [&] { return tensor_backward(z); });
  fails = false;
  OK(tensor_backward(call(tensor_sum, call(tensor_mul, x_, y_))));
  EXPECT_EQ(calls, 2);
}

TEST_F(MultiGradHooks, MayBeRemovedByThemselves) {
  int calls = 0, destroyed = 0;
  OwnedHook hook;
  hook = on_all(
      {x_, y_},
      [&](tensor_t* const*, size_t) {
        ++calls;
        return tensor_hook_remove(hook);
      },
      &destroyed);
  for (int pass = 0; pass < 2; ++pass)
    OK(tensor_backward(call(tensor_sum, call(tensor_mul, x_, y_))));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(destroyed, 1);
}

TEST_F(MultiGradHooks, CountEachThreadsPassByItself) {
  constexpr int kThreads = 4, kPasses = 200;
  std::atomic<int> all{0}, any{0};
  const OwnedHook both = on_all({x_, y_}, [&](tensor_t* const* grads, size_t) {
    all += grads[0] && grads[1];
    return TENSOR_OK;
  });
  const OwnedHook first = on_any({x_, y_}, [&](tensor_t*) {
    ++any;
    return TENSOR_OK;
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kPasses; ++i)
        EXPECT_EQ(tensor_backward(call(tensor_sum, call(tensor_mul, x_, y_))), TENSOR_OK);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(all, kThreads * kPasses);
  EXPECT_EQ(any, kThreads * kPasses);
}

}  // namespace
}  // namespace test
