#include "functional/gradcheck.h"

#include "autograd/history.h"
#include "core/error.h"
#include "functional/numeric_jacobian.h"
#include "io/format.h"
#include "ops/formulas.h"

namespace libtensor::functional {
namespace {

template <class... Args>
void check_gradient(bool condition, const Args&... args) {
  check_as(Status::kGradcheck, condition, args...);
}

void check_inputs(std::span<const Tensor> inputs) {
  bool any = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) continue;
    any = true;
    for (int dim = 0; dim < inputs[i].ndim(); ++dim) {
      check(inputs[i].strides()[dim] > 0 || inputs[i].size(dim) <= 1, "The ", i,
            "th input has a dimension with stride 0. gradcheck only supports inputs that are "
            "non-overlapping to be able to compute the numerical gradients correctly. You should "
            "call .contiguous on the input before passing it to gradcheck.");
    }
  }
  check_as(Status::kValueError, any,
           "gradcheck expects at least one input tensor to require gradient, but none of them have "
           "requires_grad=True.");
}

double number_of(const Tensor& tensor) {
  return *ops::to_copy(tensor, DType::kFloat64, Device{}).data_as<double>();
}

std::vector<size_t> differentiable(std::span<const Tensor> tensors) {
  std::vector<size_t> places;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].requires_grad()) places.push_back(i);
  }
  return places;
}

Tensors at(std::span<const Tensor> tensors, const std::vector<size_t>& places) {
  Tensors result;
  for (size_t place : places) result.push_back(tensors[place]);
  return result;
}

// For each input the matrix [elements of the input, elements of the output] that backward gives.
Tensors analytic_jacobian(const Tensor& output, const Tensors& inputs) {
  std::vector<Tensors> columns(inputs.size());
  for (int64_t place = 0; place < output.numel(); ++place) {
    const Tensor unit = ops::zeros_of(output.shape(), output);
    ops::fill_(ops::as_strided(unit, {}, {}, place), Scalar(1.0));
    const Tensors column = gradients({&output, 1}, inputs, {&unit, 1}, false, true);
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Tensor part = column[i].defined() ? column[i] : ops::zeros_like(inputs[i]);
      columns[i].push_back(ops::reshape(ops::detach(part), Dims{-1}));
    }
  }
  Tensors matrices;
  for (size_t i = 0; i < inputs.size(); ++i) {
    matrices.push_back(columns[i].empty() ? ops::zeros_of(Dims{inputs[i].numel(), 0}, inputs[i])
                                          : ops::stack(columns[i], 1));
  }
  return matrices;
}

bool is_close(const Tensor& actual, const Tensor& expected, double rtol, double atol) {
  ops::Options wide;
  wide.dtype = DType::kFloat64;
  return ops::allclose(ops::to(actual, wide), ops::to(expected, wide), rtol, atol, false);
}

// Does backward give the same twice?
void check_repeats(const Tensors& first, const Tensors& second, double tolerance) {
  for (size_t i = 0; i < first.size(); ++i) {
    check_gradient(is_close(second[i], first[i], 0, tolerance),
                   "Backward is not reentrant, i.e., running backward with same input and "
                   "grad_output multiple times gives different values, although analytical "
                   "gradient matches numerical gradient.The tolerance for nondeterminism was ",
                   tolerance, ".");
  }
}

bool all_zero(const Tensor& tensor) { return is_close(tensor, ops::zeros_like(tensor), 0, 0); }

bool all_zero(const Tensors& tensors) {
  for (const Tensor& tensor : tensors) {
    if (!all_zero(tensor)) return false;
  }
  return true;
}

// Each Jacobian whole, both ways.
void compare_jacobians(const Function& function, std::span<const Tensor> inputs,
                       const std::vector<size_t>& input_places, const Tensors& outputs,
                       const std::vector<size_t>& output_places, const GradcheckOptions& options) {
  const Tensors wanted = at(inputs, input_places);
  std::vector<Tensors> numeric;
  for (size_t place : input_places) {
    numeric.push_back(numeric_jacobian(function, inputs, place, options.eps));
    check_gradient(!outputs.empty() || all_zero(numeric.back()),
                   "Numerical gradient for function expected to be zero");
  }
  for (size_t o = 0; o < outputs.size(); ++o) {
    const Tensors analytic = analytic_jacobian(outputs[o], wanted);
    check_repeats(analytic, analytic_jacobian(outputs[o], wanted), options.nondet_tol);
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i].numel() == 0) continue;
      const Tensor& expected = numeric[i][output_places[o]];
      check_gradient(is_close(analytic[i], expected, options.rtol, options.atol),
                     "Jacobian mismatch for output ", o, " with respect to input ", i,
                     ",\nnumerical:", to_string(expected), "\nanalytical:", to_string(analytic[i]),
                     "\n");
    }
  }
}

// Positive numbers without a pattern, of norm 1; the same each time.
Tensor direction(const Tensor& like) {
  const ops::Options wide{DType::kFloat64, like.device(), false};
  const Tensor count = ops::arange(Scalar(1.0), Scalar(like.numel() + 1.0), Scalar(1.0), wide);
  constexpr double kGoldenRatio = 0.6180339887498949;
  const Tensor fraction =
      ops::remainder_scalar(ops::mul_scalar(count, Scalar(kGoldenRatio)), Scalar(1.0));
  const Tensor values = ops::add_scalar(fraction, Scalar(0.1));
  const Tensor unit = ops::div(values, ops::sqrt(ops::sum(ops::mul(values, values))));
  return ops::to_copy(ops::reshape(unit, like.shape()), like.dtype(), like.device());
}

// v^T J u for one output and one input, both ways.
void compare_products(const Function& function, std::span<const Tensor> inputs,
                      const std::vector<size_t>& input_places, const Tensors& outputs,
                      const std::vector<size_t>& output_places, const GradcheckOptions& options) {
  for (size_t i = 0; i < input_places.size(); ++i) {
    const Tensor& input = inputs[input_places[i]];
    const Tensor u = direction(input);
    const Tensors slopes = numeric_product(function, inputs, input_places[i], u, options.eps);
    check_gradient(!outputs.empty() || all_zero(slopes),
                   "Numerical gradient for function expected to be zero");
    for (size_t o = 0; o < outputs.size(); ++o) {
      const Tensor v = direction(outputs[o]);
      const auto analytic_product = [&] {
        const Tensor row = gradients({&outputs[o], 1}, {&input, 1}, {&v, 1}, false, true)[0];
        return row.defined() ? ops::sum(ops::mul(ops::detach(row), u))
                             : ops::zeros_of({}, outputs[o]);
      };
      const Tensor analytic = analytic_product();
      check_repeats({analytic}, {analytic_product()}, options.nondet_tol);
      const Tensor numeric =
          ops::sum(ops::mul(slopes[output_places[o]], ops::reshape(v, Dims{-1})));
      const Tensor scale = ops::mul(ops::sum(u), ops::sum(v));
      check_gradient(is_close(analytic, numeric, options.rtol, options.atol * number_of(scale)),
                     "Jacobian mismatch for output ", o, " with respect to input ", i,
                     ",\nnumerical:", to_string(numeric), "\nanalytical:", to_string(analytic),
                     "\nThese are v^T J u for one pair of vectors: fast_mode=False gives J.");
    }
  }
}

void check_zero_gradient_gives_zero(const Tensors& outputs, const Tensors& inputs) {
  Tensors zeros;
  for (const Tensor& output : outputs) zeros.push_back(ops::zeros_of(output.shape(), output));
  for (const Tensor& gradient : gradients(outputs, inputs, zeros, false)) {
    check_gradient(!gradient.defined() || all_zero(gradient),
                   "backward not multiplied by grad_output");
  }
}

// Passes its input on, but no gradient back.
class UndefinedGrad final : public autograd::FixedNode<UndefinedGrad, 1> {
 public:
  const char* name() const override { return "UndefinedGradBackward"; }
  void apply(std::span<const Tensor>, std::span<Tensor>) override {}
};

Tensor without_gradient(const Tensor& tensor) {
  auto node = Ref<UndefinedGrad>::adopt(new UndefinedGrad);
  node->connect(0, tensor);
  const Tensor result = tensor.alias();
  autograd::set_history(result, std::move(node));
  return result;
}

void check_undefined(const Tensors& outputs, const Tensors& inputs) {
  const char* notes =
      "Please look at \"Notes about undefined output gradients\" in "
      "\"tools/autograd/derivatives.yaml\"";
  Tensors zeros, results;
  for (const Tensor& output : outputs) zeros.push_back(ops::zeros_of(output.shape(), output));
  try {
    results = gradients(outputs, inputs, zeros, false);
  } catch (const Error&) {
    check_gradient(false, "Expected backward function to handle undefined output grads. ", notes);
  }
  for (const Tensor& result : results) {
    check_gradient(!result.defined() || all_zero(result),
                   "Expected all input grads to be undefined or zero when all output grads are "
                   "undefined or zero. ",
                   notes);
  }
}

// Backward with no output's gradient defined, and with all but one.
void check_undefined_gradients(const Function& function, std::span<const Tensor> inputs,
                               const Tensors& wanted) {
  const auto outputs = [&] {
    const Tensors all = function(inputs);
    return at(all, differentiable(all));
  };
  Tensors none = outputs();
  for (Tensor& output : none) output = without_gradient(output);
  check_undefined(none, wanted);
  for (size_t i = 0; none.size() > 1 && i < none.size(); ++i) {
    Tensors but_one = outputs();
    but_one[i] = without_gradient(but_one[i]);
    check_undefined(but_one, wanted);
  }
}

// Uniform in [-1, 1].
Tensors random_gradients(const Tensors& outputs) {
  Tensors gradients;
  for (const Tensor& output : outputs) {
    const Tensor uniform = ops::rand(output.shape(), ops::options_of(output));
    gradients.push_back(ops::sub_scalar(ops::mul_scalar(uniform, Scalar(2.0)), Scalar(1.0)));
    autograd::set_requires_grad(gradients.back(), true);
  }
  return gradients;
}

}  // namespace

void gradcheck(const Function& function, std::span<const Tensor> inputs,
               const GradcheckOptions& options) {
  check_inputs(inputs);
  const std::vector<size_t> input_places = differentiable(inputs);
  const Tensors wanted = at(inputs, input_places);
  const Tensors all_outputs = function(inputs);
  const std::vector<size_t> output_places = differentiable(all_outputs);
  const Tensors outputs = at(all_outputs, output_places);

  if (options.fast_mode) {
    compare_products(function, inputs, input_places, outputs, output_places, options);
  } else {
    compare_jacobians(function, inputs, input_places, outputs, output_places, options);
  }
  if (outputs.empty()) return;
  check_zero_gradient_gives_zero(outputs, wanted);
  if (options.check_undefined_grad) check_undefined_gradients(function, inputs, wanted);
}

void gradgradcheck(const Function& function, std::span<const Tensor> inputs,
                   std::span<const Tensor> grad_outputs, const GradcheckOptions& options) {
  check_inputs(inputs);
  const Tensors all_outputs = function(inputs);
  Tensors arriving(grad_outputs.begin(), grad_outputs.end());
  if (arriving.empty()) arriving = random_gradients(at(all_outputs, differentiable(all_outputs)));
  const std::vector<size_t> wanted = differentiable(inputs);
  const size_t own = inputs.size();

  const Function gradient = [&](std::span<const Tensor> all) {
    const Tensors outputs = function(all.first(own));
    Tensors results;
    for (Tensor& part :
         gradients(at(outputs, differentiable(outputs)), at(all, wanted), all.subspan(own), true)) {
      if (part.defined()) results.push_back(std::move(part));
    }
    return results;
  };
  Tensors all(inputs.begin(), inputs.end());
  all.insert(all.end(), arriving.begin(), arriving.end());
  gradcheck(gradient, all, options);
}

}  // namespace libtensor::functional
