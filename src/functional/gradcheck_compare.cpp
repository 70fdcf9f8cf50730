#include "functional/gradcheck_compare.h"

#include "functional/numeric_jacobian.h"
#include "io/format.h"
#include "ops/formulas.h"
#include "ops/generated/functions/arithmetic.h"
#include "ops/generated/functions/comparison.h"
#include "ops/generated/functions/copies.h"
#include "ops/generated/functions/creation.h"
#include "ops/generated/functions/joining.h"
#include "ops/generated/functions/math.h"
#include "ops/generated/functions/reductions.h"
#include "ops/generated/functions/views.h"

namespace libtensor::functional {

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

CheckedCall::CheckedCall(const Function& checked, std::span<const Tensor> point)
    : function(checked),
      all_inputs(point),
      all_outputs(checked(point)),
      input_places(differentiable(point)),
      output_places(differentiable(all_outputs)),
      inputs(at(point, input_places)),
      outputs(at(all_outputs, output_places)) {}

Tensors CheckedCall::again() const {
  constexpr const char* kChanged = "the function is not the same in each call: it returned ";
  Tensors now = function(all_inputs);
  check(now.size() == all_outputs.size(), kChanged, now.size(), " outputs, but ",
        all_outputs.size(), " before");
  for (size_t i = 0; i < now.size(); ++i) {
    check(now[i].shape() == all_outputs[i].shape() && now[i].dtype() == all_outputs[i].dtype() &&
              now[i].device() == all_outputs[i].device(),
          kChanged, "output ", i, " of shape [", now[i].shape(), "] and dtype ",
          name_of(now[i].dtype()), ", but [", all_outputs[i].shape(), "] and ",
          name_of(all_outputs[i].dtype()), " before");
  }
  check(differentiable(now) == output_places, kChanged,
        "other outputs that require grad than before");
  return now;
}

namespace {

double number_of(const Tensor& tensor) {
  return *ops::to_copy(tensor, DType::kFloat64, Device{}).data_as<double>();
}

// For each input the matrix [elements of the input, elements of the output] that backward gives.
Tensors analytic_jacobian(const Tensor& output, const Tensors& inputs) {
  std::vector<Tensors> columns(inputs.size());
  for (int64_t place = 0; place < output.numel(); ++place) {
    const Tensor unit = unit_vector(output, place);
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

bool all_zero(const Tensors& tensors) {
  for (const Tensor& tensor : tensors) {
    if (!is_zero(tensor)) return false;
  }
  return true;
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

}  // namespace

bool is_zero(const Tensor& tensor) { return is_close(tensor, ops::zeros_like(tensor), 0, 0); }

void compare_jacobians(const CheckedCall& call, const GradcheckOptions& options) {
  std::vector<Tensors> numeric;
  for (size_t place : call.input_places) {
    numeric.push_back(numeric_jacobian(call, place, options.eps));
    check_gradient(!call.outputs.empty() || all_zero(numeric.back()),
                   "Numerical gradient for function expected to be zero");
  }
  for (size_t o = 0; o < call.outputs.size(); ++o) {
    const Tensors analytic = analytic_jacobian(call.outputs[o], call.inputs);
    check_repeats(analytic, analytic_jacobian(call.outputs[o], call.inputs), options.nondet_tol);
    for (size_t i = 0; i < call.inputs.size(); ++i) {
      if (call.inputs[i].numel() == 0) continue;
      const Tensor& expected = numeric[i][call.output_places[o]];
      check_gradient(is_close(analytic[i], expected, options.rtol, options.atol),
                     "Jacobian mismatch for output ", o, " with respect to input ", i,
                     ",\nnumerical:", to_string(expected), "\nanalytical:", to_string(analytic[i]),
                     "\n");
    }
  }
}

void compare_products(const CheckedCall& call, const GradcheckOptions& options) {
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const Tensor& input = call.inputs[i];
    const Tensor u = direction(input);
    const Tensors slopes = numeric_product(call, call.input_places[i], u, options.eps);
    check_gradient(!call.outputs.empty() || all_zero(slopes),
                   "Numerical gradient for function expected to be zero");
    for (size_t o = 0; o < call.outputs.size(); ++o) {
      const Tensor v = direction(call.outputs[o]);
      const auto analytic_product = [&] {
        const Tensor row = gradients({&call.outputs[o], 1}, {&input, 1}, {&v, 1}, false, true)[0];
        return row.defined() ? ops::sum(ops::mul(ops::detach(row), u))
                             : ops::zeros_of({}, call.outputs[o]);
      };
      const Tensor analytic = analytic_product();
      check_repeats({analytic}, {analytic_product()}, options.nondet_tol);
      const Tensor numeric =
          ops::sum(ops::mul(slopes[call.output_places[o]], ops::reshape(v, Dims{-1})));
      const Tensor scale = ops::mul(ops::sum(u), ops::sum(v));
      check_gradient(is_close(analytic, numeric, options.rtol, options.atol * number_of(scale)),
                     "Jacobian mismatch for output ", o, " with respect to input ", i,
                     ",\nnumerical:", to_string(numeric), "\nanalytical:", to_string(analytic),
                     "\nThese are v^T J u for one pair of vectors: fast_mode=False gives J.");
    }
  }
}

}  // namespace libtensor::functional
