// A tensor that a node saved, and that is then changed in place by what depends on the node, leads
// to itself. Its graph is freed all the same, and the nodes that saved it still say what it was.
#include "support/callbacks.h"
#include "support/gradients.h"
#include "support/refusal.h"

namespace test {
namespace {

class Cycles : public TensorTest {
 protected:
  // A leaf that every graph here ends at: it goes when the last node does.
  Owned watched() {
    const int64_t size = 3;
    tensor_options_t options = tensor_options_default();
    options.dtype = TENSOR_FLOAT64;
    options.requires_grad = true;
    Owned x;
    EXPECT_EQ(tensor_from_blob(
                  data_, &size, nullptr, 1, &options,
                  [](void* gone) { *static_cast<bool*>(gone) = true; }, &gone_, x.out()),
              TENSOR_OK);
    return x;
  }
  static Owned twice(const tensor_t* t) { return call(tensor_mul_scalar, t, number(2)); }
  static Owned part(const tensor_t* t) { return call(tensor_slice, t, 0, 0, 2, 1); }
  static void expect_modified(const Owned& loss, const std::string& which) {
    EXPECT_NE(tensor_backward(loss), TENSOR_OK);
    EXPECT_NE(std::string(tensor_last_error()).find("modified by an inplace operation"),
              std::string::npos);
    EXPECT_NE(std::string(tensor_last_error()).find(which), std::string::npos)
        << tensor_last_error();
  }

  bool gone_ = false;

 private:
  double data_[3] = {1, 2, 3};
};

TEST_F(Cycles, OfASavedTensor) {
  {
    const Owned x = watched(), y = twice(x), z = call(tensor_mul, y, x);
    OK(tensor_add_(y, z));
    EXPECT_FALSE(gone_);
  }
  EXPECT_TRUE(gone_);
}

TEST_F(Cycles, OfATensorThatDidNotRequireGrad) {
  {
    const Owned x = watched(), y = plain({1, 1, 1}), z = call(tensor_mul, y, x);
    OK(tensor_add_(y, z));
  }
  EXPECT_TRUE(gone_);
}

TEST_F(Cycles, OfASavedViewWhoseBaseIsChanged) {
  {
    const Owned x = watched(), y = twice(x), v = part(y), z = call(tensor_mul, v, part(x));
    OK(tensor_add_(y, call(tensor_sum, z)));
  }
  EXPECT_TRUE(gone_);
}

TEST_F(Cycles, OfASavedViewThatIsChanged) {
  {
    const Owned x = watched(), y = twice(x), v = part(y), z = call(tensor_mul, v, part(x));
    OK(tensor_add_(v, z));
    EXPECT_EQ(grad_fn(v), "AsStridedBackward0");
  }
  EXPECT_TRUE(gone_);
}

TEST_F(Cycles, OfASavedBaseOfWhichAViewIsChanged) {
  {
    const Owned x = watched(), y = twice(x), z = call(tensor_mul, y, x), v = part(y);
    OK(tensor_add_(v, part(z)));
  }
  EXPECT_TRUE(gone_);
}

TEST_F(Cycles, OfAViewOfATensorThatDidNotRequireGrad) {
  {
    const Owned x = watched(), y = plain({1, 1, 1}), z = call(tensor_mul, part(y), part(x));
    OK(tensor_add_(y, call(tensor_sum, z)));
  }
  EXPECT_TRUE(gone_);
}

TEST_F(Cycles, OfASavedViewThatIsUsedAgain) {
  {
    const Owned x = watched(), y = twice(x), v = part(y), z = call(tensor_mul, v, part(x));
    OK(tensor_add_(y, call(tensor_sum, z)));
    const Owned again = call(tensor_mul, v, v);
    EXPECT_EQ(grad_fn(v), "AsStridedBackward0");
  }
  EXPECT_TRUE(gone_);
}

TEST_F(Cycles, OfALeafThatIsNoneAnyMore) {
  {
    const Owned x = watched(), w = leaf({4, 5, 6}), z = call(tensor_mul, w, x);
    OK(tensor_set_requires_grad(w, false));
    OK(tensor_add_(w, z));
    EXPECT_EQ(grad_fn(w), "AddBackward0");
  }
  EXPECT_TRUE(gone_);
}

TEST_F(Cycles, OfARetainedGraph) {
  {
    const Owned x = watched(), y = twice(x), z = call(tensor_mul, y, x);
    tensor_backward_options_t options = tensor_backward_options_default();
    options.retain_graph = options.create_graph = true;
    expect_values(gradient(call(tensor_sum, z), x, &options), {4, 8, 12});
    OK(tensor_add_(y, z));
  }
  EXPECT_TRUE(gone_);
}

TEST_F(Cycles, OfSeveralTensors) {
  {
    const Owned x = watched(), a = twice(x), b = twice(x), ab = call(tensor_mul, a, b);
    OK(tensor_add_(a, ab));
    const Owned more = call(tensor_mul, a, b);
    OK(tensor_add_(b, more));
    OK(tensor_mul_(a, call(tensor_mul, a, b)));
  }
  EXPECT_TRUE(gone_);
}

TEST_F(Cycles, OfWhatACustomFunctionSaved) {
  for (const bool saves_its_input : {true, false}) {
    gone_ = false;
    {
      const Owned x = watched(), y = twice(x), other = twice(x);
      const OwnedFunction function = begin_function(
          {y}, [](tensor_function_t*, tensor_t* const* grad_outputs, size_t, tensor_t** grads,
                  size_t) { return tensor_mul_scalar(grad_outputs[0], number(2), grads); });
      tensor_t* saved = saves_its_input ? y : other;
      OK(tensor_function_save_for_backward(function, &saved, 1));
      const Owned z = finish(function, call(tensor_detach, twice(y)));
      OK(tensor_add_(y, z));
      OK(tensor_add_(other, z));
    }
    EXPECT_TRUE(gone_);
  }
}

TEST_F(Cycles, OfAViewThatACustomFunctionChangedAndSaved) {
  {
    const Owned x = watched(), y = twice(x), v = part(y);
    tensor_t* dirty = v;
    const OwnedFunction function =
        begin_function({v}, [](tensor_function_t* self, tensor_t* const*, size_t, tensor_t** grads,
                               size_t) { return tensor_function_saved_tensors(self, grads, 1); });
    {
      const NoGrad no_grad;
      OK(tensor_exp_(v));
    }
    OK(tensor_function_mark_dirty(function, &dirty, 1));
    OK(tensor_function_save_for_backward(function, &dirty, 1));
    const Owned result = finish(function, v);
    EXPECT_EQ(grad_fn(y), "CopySlices");
    OK(tensor_backward(call(tensor_sum, y)));
    expect_near(grad(x), {2 * std::exp(2), 2 * std::exp(4), 2});
  }
  EXPECT_TRUE(gone_);
}

// What nodes saved after the change is good, also when nobody else holds it.
TEST_F(Cycles, WhatWasSavedAfterwardsKeepsItsHistory) {
  {
    const Owned x = watched(), w = leaf({1, 1, 1});
    Owned loss;
    {
      const Owned y = twice(x), z = call(tensor_mul, y, w);  // saves y, for the gradient of w
      OK(tensor_add_(y, z));                                 // y = 4 x
      loss = call(tensor_sum, call(tensor_mul, y, y));
    }
    const Owned first = differentiable_gradient(loss, x);
    expect_near(first, {32, 64, 96});
    expect_near(gradient(call(tensor_sum, first), x), {32, 32, 32});
  }
  EXPECT_TRUE(gone_);
}

TEST_F(Cycles, AViewThatOnlyNodesHoldHasItsHistory) {
  {
    const Owned x = watched();
    Owned loss;
    {
      const Owned y = call(tensor_mul, x, x), v = part(y);
      loss = call(tensor_sum, call(tensor_mul, v, v));  // x^4
    }
    const Owned first = differentiable_gradient(loss, x);
    expect_near(first, {4, 32, 0});
    expect_near(gradient(call(tensor_sum, first), x), {12, 48, 0});
  }
  EXPECT_TRUE(gone_);
}

// PyTorch, which never frees these tensors, says the same.
TEST_F(Cycles, TheErrorNamesTheTensorThatIsGone) {
  const Owned x = watched();
  Owned z;
  {
    const Owned y = twice(x);
    z = call(tensor_sum, call(tensor_mul, y, x));
    OK(tensor_add_(y, z));
  }
  expect_modified(z,
                  "[torch.DoubleTensor [3]], which is output 0 of Add, is at version 1; "
                  "expected version 0 instead");
  {
    const Owned y = twice(x);
    z = call(tensor_sum, call(tensor_mul, part(y), part(x)));
    OK(tensor_add_(y, z));
  }
  expect_modified(z,
                  "[torch.DoubleTensor [2]], which is output 0 of AsStrided, is at version 1; "
                  "expected version 0 instead");
  {
    const Owned y = plain({1, 2, 3});
    z = call(tensor_sum, call(tensor_mul, part(y), part(x)));
    OK(tensor_add_scalar_(y, number(1)));
  }
  expect_modified(z, "[torch.DoubleTensor [2]] is at version 1; expected version 0 instead");
}

}  // namespace
}  // namespace test
