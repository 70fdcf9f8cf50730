// Custom functions: a forward of the program's own, and its derivative as a callback.
#include "support/callbacks.h"
#include "support/refusal.h"
#include "support/texts.h"

namespace test {
namespace {

class Function : public TensorTest {
 protected:
  // x * x by hand.
  static Owned square(tensor_t* x, int* destroyed = nullptr, bool once = false) {
    const OwnedFunction function = begin_function({x}, square_backward, destroyed);
    Owned y;
    {
      const NoGrad no_grad;
      y = call(tensor_mul, x, x);
    }
    EXPECT_EQ(tensor_function_save_for_backward(function, &x, 1), TENSOR_OK);
    EXPECT_EQ(tensor_function_set_once_differentiable(function, once), TENSOR_OK);
    return finish(function, y);
  }
  static tensor_status_t square_backward(tensor_function_t* function, tensor_t* const* grad_outputs,
                                         size_t output_count, tensor_t** grad_inputs,
                                         size_t input_count) {
    EXPECT_EQ(output_count, 1u);
    EXPECT_EQ(input_count, 1u);
    Owned x;
    const tensor_status_t status = tensor_function_saved_tensors(function, x.out(), 1);
    if (status != TENSOR_OK) return status;
    const Owned twice = call(tensor_mul_scalar, x, number(2));
    return tensor_mul(grad_outputs[0], twice, grad_inputs);
  }
  static OnBackward::Function times(double factor) {
    return [factor](tensor_function_t*, tensor_t* const* grad_outputs, size_t, tensor_t** grads,
                    size_t) { return tensor_mul_scalar(grad_outputs[0], number(factor), grads); };
  }

  const Owned x_ = leaf({2, 3});
};

TEST_F(Function, IsDifferentiatedByItsCallback) {
  int destroyed = 0;
  {
    const Owned y = square(x_, &destroyed);
    expect_values(y, {4, 9});
    EXPECT_EQ(grad_fn(y), "TestBackward");
    OK(tensor_backward(call(tensor_sum, y)));
    expect_values(grad(x_), {4, 6});
    EXPECT_EQ(destroyed, 0);
  }
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Function, IsDifferentiatedTwice) {
  tensor_backward_options_t options = tensor_backward_options_default();
  options.create_graph = true;
  const Owned y = call(tensor_sum, call(tensor_mul, square(x_), x_));
  tensor_t *outputs[] = {y}, *inputs[] = {x_}, *first = nullptr, *second = nullptr;
  OK(tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, &options, &first));
  const Owned sum = call(tensor_sum, Owned(first));
  outputs[0] = sum;
  OK(tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, nullptr, &second));
  expect_near(Owned(second), {12, 18});
}

TEST_F(Function, MarkedOnceDifferentiableRefusesTheSecondTime) {
  tensor_backward_options_t options = tensor_backward_options_default();
  options.create_graph = true;
  const Owned y = call(tensor_mul, square(x_, nullptr, true), x_), total = call(tensor_sum, y);
  tensor_t *outputs[] = {total}, *inputs[] = {x_}, *first = nullptr;
  OK(tensor_autograd_grad(outputs, 1, inputs, 1, nullptr, &options, &first));
  const Owned gradient(first), sum = call(tensor_sum, gradient);
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT,
       "trying to differentiate twice a function that was marked with @once_differentiable"},
      {x_}, [&] { return tensor_backward(sum); });
}

TEST_F(Function, LeavesNoTraceWhereNothingIsRecorded) {
  int destroyed = 0;
  const Owned x = plain({2, 3});
  expect_values(square(x, &destroyed), {4, 9});
  EXPECT_EQ(destroyed, 1);
  const NoGrad no_grad;
  const Owned y = square(x_, &destroyed);
  EXPECT_FALSE(requires_grad(y));
  EXPECT_EQ(destroyed, 2);
}

TEST_F(Function, KnowsWhichInputsNeedGradients) {
  const Owned constant = plain({1, 1});
  const OwnedFunction function = begin_function(
      {constant, x_, nullptr},
      [](tensor_function_t* own, tensor_t* const* outputs, size_t, tensor_t** grads, size_t count) {
        EXPECT_EQ(count, 3u);
        bool needed = true;
        EXPECT_EQ(tensor_function_needs_input_grad(own, 0, &needed), TENSOR_OK);
        EXPECT_FALSE(needed);
        EXPECT_EQ(tensor_function_needs_input_grad(own, 1, &needed), TENSOR_OK);
        EXPECT_TRUE(needed);
        return tensor_retain(outputs[0], &grads[1]);
      });
  bool needed = true, recorded = false;
  OK(tensor_function_needs_input_grad(function, 2, &needed));
  EXPECT_FALSE(needed);
  OK(tensor_function_is_recorded(function, &recorded));
  EXPECT_TRUE(recorded);
  expect_status(TENSOR_ERROR_INDEX,
                [&] { return tensor_function_needs_input_grad(function, 3, &needed); });
  OK(tensor_backward(call(tensor_sum, finish(function, plain({5, 6})))));
  expect_values(grad(x_), {1, 1});
}

TEST_F(Function, SavedOutputIsNoCycle) {
  int destroyed = 0;
  {
    const OwnedFunction function = begin_function(
        {x_},
        [](tensor_function_t* own, tensor_t* const* outputs, size_t, tensor_t** grads, size_t) {
          Owned y;
          EXPECT_EQ(tensor_function_saved_tensors(own, y.out(), 1), TENSOR_OK);
          return tensor_mul(outputs[0], y, grads);
        },
        &destroyed);
    Owned y;
    {
      const NoGrad no_grad;
      y = call(tensor_exp, x_);
    }
    tensor_t* saved = y;
    OK(tensor_function_save_for_backward(function, &saved, 1));
    const Owned result = finish(function, y);
    OK(tensor_backward(call(tensor_sum, result)));
    expect_near(grad(x_), {std::exp(2), std::exp(3)});
  }
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Function, SavedTensorThatWasChangedIsRefused) {
  const Owned a = call(tensor_mul_scalar, x_, number(1)), y = square(a);
  OK(tensor_add_scalar_(a, number(1)));
  const Owned total = call(tensor_sum, y);
  EXPECT_EQ(tensor_backward(total), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(
      tensor_last_error(),
      as_here(
          "one of the variables needed for gradient computation has been modified by an inplace "
          "operation: [torch.DoubleTensor [2]], which is output 0 of Add, is at version 1; "
          "expected "
          "version 0 instead. Hint: enable anomaly detection to find the operation that failed to "
          "compute its gradient, with torch.autograd.set_detect_anomaly(True, check_nan=False). "
          "Saved "
          "by TestBackward at version 0. Changed since by add_scalar_ (version 1)."));
}

TEST_F(Function, SavedTensorsAreFreedByBackward) {
  const Owned y = call(tensor_sum, square(x_));
  OK(tensor_backward(y));
  EXPECT_EQ(tensor_backward(y), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(std::string(tensor_last_error()).find("Trying to backward through the graph a second"),
            0u);
}

TEST_F(Function, InputReturnedAsItIsBecomesAView) {
  const OwnedFunction function = begin_function({x_}, times(7));
  const Owned y = finish(function, x_);
  EXPECT_FALSE(is_same(x_, y));
  OK(tensor_backward(call(tensor_sum, y)));
  expect_values(grad(x_), {7, 7});
  EXPECT_EQ(tensor_add_scalar_(y, number(1)), TENSOR_ERROR_INVALID_ARGUMENT);
}

TEST_F(Function, DirtyInputGetsANewHistory) {
  const Owned a = call(tensor_mul_scalar, x_, number(1));
  const OwnedFunction function = begin_function({a}, times(5));
  {
    const NoGrad no_grad;
    OK(tensor_mul_scalar_(a, number(5)));
  }
  tensor_t* dirty = a;
  OK(tensor_function_mark_dirty(function, &dirty, 1));
  const Owned y = finish(function, a);
  EXPECT_TRUE(is_same(a, y));
  EXPECT_EQ(grad_fn(a), "TestBackward");
  OK(tensor_backward(call(tensor_sum, a)));
  expect_values(grad(x_), {5, 5});
}

TEST_F(Function, DirtyViewReachesItsBaseWhicheverInputItIs) {
  for (const bool second : {false, true}) {
    const Owned x = leaf({2, 3}), a = call(tensor_mul_scalar, x, number(1)),
                part = call(tensor_select, a, 0, 0);
    std::vector<tensor_t*> inputs = {part};
    if (second) inputs.insert(inputs.begin(), nullptr);
    const OwnedFunction function = begin_function(
        inputs,
        [](tensor_function_t*, tensor_t* const* outputs, size_t, tensor_t** grads, size_t count) {
          return tensor_mul_scalar(outputs[0], number(5), &grads[count - 1]);
        });
    {
      const NoGrad no_grad;
      OK(tensor_mul_scalar_(part, number(5)));
    }
    tensor_t* dirty = part;
    OK(tensor_function_mark_dirty(function, &dirty, 1));
    const Owned y = finish(function, part);
    EXPECT_EQ(grad_fn(a), "CopySlices");
    OK(tensor_backward(call(tensor_sum, a)));
    expect_values(grad(x), {5, 1});
  }
}

TEST_F(Function, DirtyTensorsAreChecked) {
  const auto run = [&](tensor_t* input, tensor_t* dirty, std::vector<tensor_t*> outputs) {
    const OwnedFunction function = begin_function({input}, times(1));
    EXPECT_EQ(tensor_function_mark_dirty(function, &dirty, 1), TENSOR_OK);
    std::vector<tensor_t*> results(outputs.size(), unwritten());
    const tensor_status_t status =
        tensor_function_finish(function, outputs.data(), outputs.size(), results.data());
    EXPECT_EQ(results[0], unwritten());
    return status;
  };
  const Owned a = call(tensor_mul_scalar, x_, number(1)), part = call(tensor_select, a, 0, 0),
              other = plain({1});
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "Some elements marked as dirty during the forward method were not returned as "
                  "output. The inputs that are modified inplace must all be outputs of the "
                  "Function."},
                 {a}, [&] { return run(a, a, {other}); });
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "a leaf Variable that requires grad has been used in an in-place operation."},
                 {x_}, [&] { return run(x_, x_, {x_}); });
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return run(part, part, {part, other}); });
  expect_status(TENSOR_ERROR_INVALID_ARGUMENT, [&] { return run(a, other, {other}); });
}

TEST_F(Function, NonDifferentiableOutputRequiresNoGrad) {
  const OwnedFunction function = begin_function(
      {x_},
      [](tensor_function_t*, tensor_t* const* outputs, size_t count, tensor_t** grads, size_t) {
        EXPECT_EQ(count, 2u);
        expect_values(outputs[0], {0, 0});  // materialised
        return tensor_retain(outputs[1], grads);
      });
  const Owned first = plain({1, 1}), second = plain({2, 2});
  tensor_t *mark[] = {first}, *outputs[] = {first, second}, *results[2] = {};
  OK(tensor_function_mark_non_differentiable(function, mark, 1));
  OK(tensor_function_finish(function, outputs, 2, results));
  const Owned one(results[0]), two(results[1]);
  EXPECT_FALSE(requires_grad(one));
  OK(tensor_backward(call(tensor_sum, two)));
  expect_values(grad(x_), {1, 1});
}

TEST_F(Function, GradientsThatAreAbsentStaySoIfAskedFor) {
  const OwnedFunction function = begin_function(
      {x_}, [](tensor_function_t*, tensor_t* const* outputs, size_t, tensor_t** grads, size_t) {
        EXPECT_EQ(outputs[0], nullptr);
        return tensor_retain(outputs[1], grads);
      });
  OK(tensor_function_set_materialize_grads(function, false));
  const Owned first = plain({1, 1}), second = plain({2, 2});
  tensor_t *outputs[] = {first, second}, *results[2] = {};
  OK(tensor_function_finish(function, outputs, 2, results));
  const Owned one(results[0]), two(results[1]);
  OK(tensor_backward(call(tensor_sum, two)));
  expect_values(grad(x_), {1, 1});
}

TEST_F(Function, ErrorOfTheCallbackTravelsOut) {
  int destroyed = 0;
  {
    const OwnedFunction function = begin_function(
        {x_},
        [](tensor_function_t*, tensor_t* const* outputs, size_t, tensor_t** grads, size_t) {
          EXPECT_EQ(tensor_neg(outputs[0], grads), TENSOR_OK);
          return refuse("no derivative today");
        },
        &destroyed);
    const Owned y = call(tensor_sum, finish(function, plain({1, 1})));
    expect_refusal({TENSOR_ERROR_VALUE, "no derivative today"}, {x_},
                   [&] { return tensor_backward(y); });
  }
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Function, GradientOfTheWrongShapeIsRefused) {
  const OwnedFunction function = begin_function(
      {x_}, [](tensor_function_t*, tensor_t* const*, size_t, tensor_t** grads, size_t) {
        *grads = plain({1, 2, 3}).give();
        return TENSOR_OK;
      });
  const Owned y = call(tensor_sum, finish(function, plain({1, 1})));
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "Function TestBackward returned an invalid gradient at index 0 - got [3] but "
                  "expected shape compatible with [2]"},
                 {x_}, [&] { return tensor_backward(y); });
}

TEST_F(Function, BeginThatFailsDestroysItsUser) {
  int destroyed = 0;
  const OnBackward callback(times(1), &destroyed);
  tensor_t* bad = unwritten();
  tensor_function_t* out = nullptr;
  expect_status(TENSOR_ERROR_INVALID_HANDLE, [&] {
    return tensor_function_begin(&bad, 1, "F", OnBackward::call, callback.user(),
                                 OnBackward::destroy, &out);
  });
  EXPECT_EQ(destroyed, 1);
}

TEST_F(Function, IsFinishedOnce) {
  const OwnedFunction function = begin_function({x_}, times(1));
  const Owned y = finish(function, plain({1, 1}));
  tensor_t *output = y, *result = unwritten();
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, "the function is finished already"}, {y},
                 [&] { return tensor_function_finish(function, &output, 1, &result); });
}

TEST_F(Function, GivenUpBeforeFinishLeavesNothing) {
  int destroyed = 0;
  {
    const OwnedFunction function = begin_function({x_}, times(1), &destroyed);
    tensor_t* saved = x_;
    OK(tensor_function_save_for_backward(function, &saved, 1));
  }
  EXPECT_EQ(destroyed, 1);
}

}  // namespace
}  // namespace test
