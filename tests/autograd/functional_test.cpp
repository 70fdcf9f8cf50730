// Products with Jacobians and Hessians, whole ones, and the kept product; and how the callback's
// handles, scopes and errors travel.
#include "support/callback.h"
#include "support/refusal.h"

namespace test {
namespace {

using OwnedVjp = OwnedHandle<tensor_vjp_t, tensor_vjp_release>;

constexpr tensor_functional_options_t kPlain = {sizeof(kPlain), false, false},
                                      kGraph = {sizeof(kGraph), true, false},
                                      kStrict = {sizeof(kStrict), false, true},
                                      kStrictGraph = {sizeof(kStrictGraph), true, true};

class Functional : public TensorTest {
 protected:
  // x^3 summed, and x * y.
  static Owned sum_of_cubes(const Inputs& in) {
    return call(tensor_sum, call(tensor_pow_scalar, in[0], integer(3)));
  }
  static std::vector<Owned> exp_and_product(const Inputs& in) {
    std::vector<Owned> results;
    results.push_back(call(tensor_exp, in[0]));
    results.push_back(call(tensor_sum, call(tensor_mul, in[0], in[1])));
    return results;
  }

  Owned x_ = plain({1, 2}), y_ = plain({3, 5}), v_ = plain({10, 100});
  Function cubes_ = sum_of_cubes;
  Function square_ = [](const Inputs& in) { return call(tensor_mul, in[0], in[0]); };
  Function identity_ = [](const Inputs& in) {
    return call(tensor_retain, const_cast<tensor_t*>(in[0]));
  };
  Function constant_ = [](const Inputs&) { return plain({7}); };
  ManyFunction several_ = exp_and_product;
};

TEST_F(Functional, VjpWeighsTheRowsOfTheJacobian) {
  tensor_t *inputs[] = {x_}, *v[] = {v_};
  Owned output, product;
  OK(tensor_vjp(call_one, &square_, inputs, 1, v, nullptr, output.out(), 1, product.out()));
  EXPECT_EQ(values(output), (Values{1, 4}));
  EXPECT_EQ(values(product), (Values{20, 400}));
  EXPECT_FALSE(requires_grad(output));
  EXPECT_FALSE(requires_grad(product));
  EXPECT_FALSE(requires_grad(x_));
}

TEST_F(Functional, VjpOfSeveralOutputsAndInputs) {
  const Owned one = plain({2}, {});
  tensor_t *inputs[] = {x_, y_}, *v[] = {v_, one};
  tensor_t *outputs[2], *products[2];
  OK(tensor_vjp(call_many, &several_, inputs, 2, v, nullptr, outputs, 2, products));
  const Owned a(outputs[0]), b(outputs[1]), by_x(products[0]), by_y(products[1]);
  EXPECT_EQ(values(b), Values{13});
  expect_near(by_x, Values{10 * std::exp(1) + 6, 100 * std::exp(2) + 10});
  EXPECT_EQ(values(by_y), (Values{2, 4}));
}

TEST_F(Functional, VjpNeedsNoVectorForOneElement) {
  tensor_t* inputs[] = {x_};
  Owned product;
  OK(tensor_vjp(call_one, &cubes_, inputs, 1, nullptr, nullptr, nullptr, 1, product.out()));
  EXPECT_EQ(values(product), (Values{3, 12}));
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT,
                    "The vector v can only be None if the user-provided function returns a single "
                    "Tensor with a single element."},
                   {x_}, [&](tensor_t** out) {
                     return tensor_vjp(call_one, &square_, inputs, 1, nullptr, nullptr, nullptr, 1,
                                       out);
                   });
}

TEST_F(Functional, JvpWeighsTheColumns) {
  tensor_t *inputs[] = {x_, y_}, *v[] = {v_, y_};
  tensor_t *outputs[2], *products[2];
  OK(tensor_jvp(call_many, &several_, inputs, 2, v, nullptr, outputs, 2, products));
  const Owned a(outputs[0]), b(outputs[1]), of_exp(products[0]), of_product(products[1]);
  expect_near(of_exp, Values{10 * std::exp(1), 100 * std::exp(2)});
  EXPECT_EQ(values(of_product), Values{10 * 3 + 100 * 5 + 1 * 3 + 2 * 5});
}

TEST_F(Functional, ProductsWithTheHessianFromBothSides) {
  tensor_t *inputs[] = {x_}, *v[] = {v_};
  Owned output, left, right;
  OK(tensor_vhp(call_one, &cubes_, inputs, 1, v, nullptr, output.out(), left.out()));
  OK(tensor_hvp(call_one, &cubes_, inputs, 1, v, nullptr, nullptr, right.out()));
  EXPECT_EQ(values(output), Values{9});
  EXPECT_EQ(values(left), (Values{60, 1200}));
  EXPECT_EQ(values(right), (Values{60, 1200}));
}

TEST_F(Functional, JacobianOfEveryOutputByEveryInput) {
  tensor_t *inputs[] = {x_, y_}, *blocks[4];
  OK(tensor_jacobian(call_many, &several_, inputs, 2, nullptr, 2, blocks));
  const Owned exp_x(blocks[0]), exp_y(blocks[1]), product_x(blocks[2]), product_y(blocks[3]);
  EXPECT_EQ(shape(exp_x), (Shape{2, 2}));
  expect_near(exp_x, Values{std::exp(1), 0, 0, std::exp(2)});
  EXPECT_EQ(values(exp_y), (Values{0, 0, 0, 0}));
  EXPECT_EQ(shape(product_x), (Shape{2}));
  EXPECT_EQ(values(product_x), (Values{3, 5}));
  EXPECT_EQ(values(product_y), (Values{1, 2}));
}

TEST_F(Functional, HessianOfEveryInputByEveryInput) {
  Function f = [](const Inputs& in) {  // sum(x^2 y)
    return call(tensor_sum, call(tensor_mul, call(tensor_mul, in[0], in[0]), in[1]));
  };
  tensor_t *inputs[] = {x_, y_}, *blocks[4];
  OK(tensor_hessian(call_one, &f, inputs, 2, nullptr, blocks));
  const Owned xx(blocks[0]), xy(blocks[1]), yx(blocks[2]), yy(blocks[3]);
  EXPECT_EQ(values(xx), (Values{6, 0, 0, 10}));
  EXPECT_EQ(values(xy), (Values{2, 0, 0, 4}));
  EXPECT_EQ(values(yx), (Values{2, 0, 0, 4}));
  EXPECT_EQ(values(yy), (Values{0, 0, 0, 0}));
}

TEST_F(Functional, OfEmptyInputs) {
  const Owned empty = plain({}, {0, 3});
  tensor_t* inputs[] = {empty};
  Owned jacobian;
  OK(tensor_jacobian(call_one, &square_, inputs, 1, nullptr, 1, jacobian.out()));
  EXPECT_EQ(shape(jacobian), (Shape{0, 3, 0, 3}));
}

TEST_F(Functional, CreateGraphMakesResultsDifferentiable) {
  const Owned x = leaf({1, 2});
  tensor_t* inputs[] = {x};
  Owned jacobian;
  OK(tensor_jacobian(call_one, &square_, inputs, 1, &kGraph, 1, jacobian.out()));
  EXPECT_EQ(grad_fn(jacobian), "ViewBackward0");
  const Owned total = call(tensor_sum, jacobian);
  EXPECT_EQ(values(gradient(total, x)), (Values{2, 2}));
  Owned hessian;
  OK(tensor_hessian(call_one, &cubes_, inputs, 1, &kGraph, hessian.out()));
  EXPECT_EQ(values(gradient(call(tensor_sum, hessian), x)), (Values{6, 6}));
}

TEST_F(Functional, WorksWhileNothingIsRecorded) {
  bool before;
  OK(tensor_grad_enabled_set(false, &before));
  tensor_t* inputs[] = {x_};
  Owned hessian;
  OK(tensor_hessian(call_one, &cubes_, inputs, 1, nullptr, hessian.out()));
  OK(tensor_grad_enabled_set(before, nullptr));
  EXPECT_EQ(values(hessian), (Values{6, 0, 0, 12}));
}

TEST_F(Functional, StrictModeRefusesWhatIsIndependent) {
  tensor_t *inputs[] = {x_, y_}, *v[] = {x_, y_};
  const auto refused = [&](const char* message, const std::function<tensor_status_t()>& run) {
    expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT, message}, {x_, y_}, run);
  };
  tensor_t* out[4] = {};
  refused(
      "Output 0 of the user-provided function does not require gradients. The outputs must be "
      "computed in a differentiable manner from the input when running in strict mode.",
      [&] { return tensor_jacobian(call_one, &constant_, inputs, 1, &kStrict, 1, out); });
  refused(
      "Output 0 of the user-provided function is independent of input 1. This is not allowed in "
      "strict mode.",
      [&] { return tensor_jacobian(call_one, &square_, inputs, 2, &kStrict, 1, out); });
  refused(
      "The output of the user-provided function is independent of input 1. This is not allowed in "
      "strict mode.",
      [&] { return tensor_vhp(call_one, &cubes_, inputs, 2, v, &kStrict, nullptr, out); });
  Function sum = [](const Inputs& in) { return call(tensor_sum, in[0]); };
  refused(
      "While computing the hessian, found that the jacobian of the user-provided function with "
      "respect to input 0 is independent of the input. This is not allowed in strict mode. You "
      "should ensure that your function is twice differentiable and that the jacobian depends on "
      "the inputs (this would be violated by a linear function for example).",
      [&] { return tensor_hessian(call_one, &sum, inputs, 1, &kStrict, out); });
  refused(
      "The jacobian of the user-provided function is independent of input 0. This is not allowed "
      "in strict mode when create_graph=True.",
      [&] { return tensor_jacobian(call_one, &identity_, inputs, 1, &kStrictGraph, 1, out); });
}

TEST_F(Functional, VectorsOfTheWrongSizeAreRefused) {
  const Owned wrong = plain({1, 2, 3});
  tensor_t *inputs[] = {x_, y_}, *v[] = {x_, wrong}, *out[2];
  expect_refusal({TENSOR_ERROR_INVALID_ARGUMENT,
                  "Entry 1 in v has invalid size: should be torch.Size([2]) but got "
                  "torch.Size([3])."},
                 {x_, y_, wrong}, [&] {
                   return tensor_jvp(call_one, &square_, inputs, 2, v, &kPlain, nullptr, 1, out);
                 });
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT,
       "v has invalid size: should be torch.Size([2]) but got torch.Size([3])."},
      {x_, wrong},
      [&] { return tensor_vjp(call_one, &square_, inputs, 1, v + 1, nullptr, nullptr, 1, out); });
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT,
       "The Tensor returned by the function given to hessian should contain a single element"},
      {x_}, [&] { return tensor_hessian(call_one, &square_, inputs, 1, nullptr, out); });
  const Owned integers = from<int64_t>({1, 2}, {2});
  tensor_t* whole[] = {integers};
  expect_refusal(
      {TENSOR_ERROR_INVALID_ARGUMENT, "only Tensors of floating point dtype can require gradients"},
      {integers}, [&] { return tensor_jacobian(call_one, &square_, whole, 1, nullptr, 1, out); });
}

// ---- the callback's side

TEST_F(Functional, OutputMayBeAnInputOrStandTwice) {
  const auto twice = [](void*, tensor_t* const* inputs, size_t, tensor_t** outputs, size_t) {
    outputs[0] = outputs[1] = inputs[0];
    return tensor_exp(inputs[0], &outputs[2]);
  };
  tensor_t *inputs[] = {x_}, *blocks[3];
  OK(tensor_jacobian(twice, nullptr, inputs, 1, nullptr, 3, blocks));
  const Owned a(blocks[0]), b(blocks[1]), c(blocks[2]);
  EXPECT_EQ(values(a), (Values{1, 0, 0, 1}));
  EXPECT_EQ(values(b), (Values{1, 0, 0, 1}));
}

TEST_F(Functional, ScopesInsideTheFunction) {
  const auto scoped = [](void*, tensor_t* const* in, size_t, tensor_t** out, size_t count) {
    tensor_scope_push();
    tensor_t *a, *b;
    tensor_exp(in[0], &a);
    tensor_mul(a, in[0], &b);
    tensor_sum(b, &out[0]);
    return tensor_scope_pop(out, count);
  };
  const auto left_open = [](void*, tensor_t* const* in, size_t, tensor_t** out, size_t) {
    tensor_scope_push();
    tensor_scope_push();
    tensor_t* a;
    tensor_exp(in[0], &a);
    return tensor_sum(a, &out[0]);
  };
  tensor_t* inputs[] = {x_};
  Owned hessian, jacobian;
  OK(tensor_hessian(scoped, nullptr, inputs, 1, nullptr, hessian.out()));
  OK(tensor_jacobian(left_open, nullptr, inputs, 1, nullptr, 1, jacobian.out()));
  expect_near(jacobian, Values{std::exp(1), std::exp(2)});
  EXPECT_NE(tensor_scope_pop(nullptr, 0), TENSOR_OK) << "a scope was left open";
}

TEST_F(Functional, ErrorsOfTheFunctionTravel) {
  tensor_t* inputs[] = {x_};
  const auto fails_inside = [](void*, tensor_t* const* in, size_t, tensor_t** out, size_t) {
    tensor_scope_push();
    tensor_t* half;
    tensor_exp(in[0], &half);
    const int64_t three = 3;
    return tensor_view(half, &three, 1, &out[0]);
  };
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT, "shape '[3]' is invalid for input of size 2"},
                   {x_}, [&](tensor_t** out) {
                     return tensor_jacobian(fails_inside, nullptr, inputs, 1, nullptr, 1, out);
                   });
  const auto says_why = [](void*, tensor_t* const* in, size_t, tensor_t** out, size_t) {
    tensor_exp(in[0], &out[0]);
    return tensor_set_last_error(TENSOR_ERROR_VALUE, "not today");
  };
  expect_no_result({TENSOR_ERROR_VALUE, "not today"}, {x_}, [&](tensor_t** out) {
    return tensor_jacobian(says_why, nullptr, inputs, 1, nullptr, 1, out);
  });
  const auto says_nothing = [](void*, tensor_t* const*, size_t, tensor_t**, size_t) {
    return tensor_status_t{TENSOR_ERROR_TYPE};
  };
  expect_no_result({TENSOR_ERROR_TYPE, "the function failed: type error"}, {x_},
                   [&](tensor_t** out) {
                     return tensor_jacobian(says_nothing, nullptr, inputs, 1, nullptr, 1, out);
                   });
  const auto forgets = [](void*, tensor_t* const*, size_t, tensor_t**, size_t) {
    return tensor_status_t{TENSOR_OK};
  };
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT, "the function did not write output 0"}, {x_},
                   [&](tensor_t** out) {
                     return tensor_jacobian(forgets, nullptr, inputs, 1, nullptr, 1, out);
                   });
  expect_no_result({TENSOR_ERROR_INVALID_ARGUMENT, "function must not be NULL"}, {x_},
                   [&](tensor_t** out) {
                     return tensor_jacobian(nullptr, nullptr, inputs, 1, nullptr, 1, out);
                   });
}

// ---- the kept product

TEST_F(Functional, KeptProductRunsAsOftenAsWanted) {
  int runs = 0;
  Function f = [&](const Inputs& in) {
    ++runs;
    return call(tensor_mul, call(tensor_exp, in[0]), in[1]);
  };
  tensor_t* inputs[] = {x_, y_};
  OwnedVjp vjp;
  OK(tensor_vjp_new(call_one, &f, inputs, 2, 1, vjp.out()));
  const Values by_x{3 * std::exp(1), 5 * std::exp(2)}, by_y{std::exp(1), std::exp(2)};
  for (double weight : {1.0, 2.0, 3.0}) {
    const Owned v = filled({2}, weight, TENSOR_FLOAT64);
    tensor_t *vector[] = {v}, *products[2];
    OK(tensor_vjp_run(vjp, vector, false, products));
    const Owned first(products[0]), second(products[1]);
    EXPECT_DOUBLE_EQ(values(first)[1], weight * by_x[1]);
    EXPECT_DOUBLE_EQ(values(second)[0], weight * by_y[0]);
  }
  EXPECT_EQ(runs, 1);
}

TEST_F(Functional, KeptProductCanBeInspected) {
  tensor_t* inputs[] = {x_};
  OwnedVjp vjp;
  OK(tensor_vjp_new(call_one, &square_, inputs, 1, 1, vjp.out()));
  size_t input_count = 0, output_count = 0;
  OK(tensor_vjp_input_count(vjp, &input_count));
  OK(tensor_vjp_output_count(vjp, &output_count));
  EXPECT_EQ(input_count, 1u);
  EXPECT_EQ(output_count, 1u);
  const Owned output = call(tensor_vjp_output, vjp, 0), input = call(tensor_vjp_input, vjp, 0);
  EXPECT_EQ(grad_fn(output), "MulBackward0");
  EXPECT_TRUE(requires_grad(input));
  expect_no_result({TENSOR_ERROR_INDEX, "index 1 is out of range: there are 1"}, {},
                   [&](tensor_t** out) { return tensor_vjp_output(vjp, 1, out); });
}

TEST_F(Functional, KeptProductIsDifferentiable) {
  const Owned x = leaf({1, 2}), v = leaf({10, 100});
  tensor_t *inputs[] = {x}, *vector[] = {v};
  OwnedVjp vjp;
  OK(tensor_vjp_new(call_one, &square_, inputs, 1, 1, vjp.out()));
  Owned product;
  OK(tensor_vjp_run(vjp, vector, true, product.out()));
  const Owned total = call(tensor_sum, product);
  const std::vector<Owned> found = gradients({total}, {x, v});
  EXPECT_EQ(values(found[0]), (Values{20, 200}));
  EXPECT_EQ(values(found[1]), (Values{2, 4}));
}

TEST_F(Functional, KeptProductSeesThatAnInputWasChanged) {
  tensor_t* inputs[] = {x_};
  OwnedVjp vjp;
  OK(tensor_vjp_new(call_one, &square_, inputs, 1, 1, vjp.out()));
  OK(tensor_add_scalar_(x_, number(1)));
  tensor_t *v[] = {v_}, *out = unwritten();
  EXPECT_EQ(tensor_vjp_run(vjp, v, false, &out), TENSOR_ERROR_INVALID_ARGUMENT);
  EXPECT_NE(std::string(tensor_last_error()).find("modified by an inplace operation"),
            std::string::npos);
  EXPECT_EQ(out, unwritten());
}

}  // namespace
}  // namespace test
