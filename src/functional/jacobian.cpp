#include "functional/jacobian.h"

#include "autograd/mode.h"
#include "core/error.h"
#include "functional/strict.h"
#include "ops/formulas.h"
#include "ops/generated/functions/joining.h"
#include "ops/generated/functions/views.h"

namespace libtensor::functional {
namespace {

// The rows of one output's Jacobian with respect to each input.
std::vector<Tensors> rows(const Tensor& output, size_t output_index, const Tensors& inputs,
                          const Options& options) {
  std::vector<Tensors> rows(inputs.size());
  for (int64_t place = 0; place < output.numel(); ++place) {
    const Tensor unit = unit_vector(output, place);
    const Tensors row = gradients({&output, 1}, inputs, {&unit, 1}, options.create_graph, true);
    for (size_t j = 0; j < inputs.size(); ++j) {
      check(row[j].defined() || !options.strict, "Output ", output_index,
            " of the user-provided function is independent of input ", j,
            ". This is not allowed in strict mode.");
      // PyTorch names the output here, under the word input.
      check(!row[j].defined() || !options.strict || !options.create_graph || row[j].requires_grad(),
            "The jacobian of the user-provided function is independent of input ", output_index,
            ". This is not allowed in strict mode when create_graph=True.");
      rows[j].push_back(row[j].defined() ? row[j] : ops::zeros_like(inputs[j]));
    }
  }
  return rows;
}

// Looked at before any row is computed.
void check_ranks(const Tensor& output, const Tensors& inputs) {
  for (const Tensor& input : inputs) check_rank(output.ndim() + input.ndim());
}

Tensor joined(const Tensors& rows, const Tensor& output, const Tensor& input) {
  Dims shape(output.shape());
  for (int64_t size : input.shape()) shape.push_back(size);
  if (input.ndim() == kMaxDims) return rows[0];  // the one row of an output without dims
  return rows.empty() ? ops::zeros_of(shape, input) : ops::view(ops::stack(rows, 0), shape);
}

}  // namespace

Tensors jacobian(const Function& function, std::span<const Tensor> inputs, const Options& options) {
  const autograd::GradMode mode(true);
  const Tensors own = fresh_inputs(inputs, options.create_graph, true);
  const Tensors outputs = function(own);
  if (options.strict) require_differentiable_outputs(outputs);
  Tensors result;
  for (const Tensor& output : outputs) check_ranks(output, own);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::vector<Tensors> of_output = rows(outputs[i], i, own, options);
    for (size_t j = 0; j < own.size(); ++j) {
      result.push_back(joined(of_output[j], outputs[i], own[j]));
    }
  }
  return options.create_graph ? result : detached(result);
}

Tensors hessian(const Function& function, std::span<const Tensor> inputs, const Options& options) {
  const Function gradient = [&](std::span<const Tensor> own) {
    const Tensors outputs = function(own);
    if (options.strict) require_differentiable_outputs(outputs);
    check_single_output(outputs, "hessian");
    Tensors jacobian =
        fill_in_zeros(gradients(outputs, own, {}, true), own, false, true, Stage::kBack);
    if (options.strict) require_jacobian_that_depends(jacobian);
    return jacobian;
  };
  return jacobian(gradient, inputs, options);
}

}  // namespace libtensor::functional
