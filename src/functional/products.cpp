#include "functional/products.h"

#include "autograd/history.h"
#include "autograd/mode.h"
#include "functional/strict.h"
#include "ops/formulas.h"

namespace libtensor::functional {
namespace {

using autograd::grad_enabled;
using autograd::GradMode;

// The function's value on inputs of its own, with the graph in between.
struct Run {
  Tensors inputs, outputs;

  Run(const Function& function, std::span<const Tensor> given, bool create_graph)
      : inputs(fresh_inputs(given, create_graph, true)), outputs(function(inputs)) {}
};

// A vector that a result will be linear in; what it holds does not matter.
Tensors differentiable_zeros(std::span<const Tensor> like) {
  Tensors zeros;
  for (const Tensor& tensor : like) {
    zeros.push_back(ops::zeros_of(tensor.shape(), tensor));
    autograd::set_requires_grad(zeros.back(), true);
  }
  return zeros;
}

Product finish(Tensors outputs, Tensors product, bool create_graph) {
  if (create_graph) return {std::move(outputs), std::move(product)};
  return {detached(outputs), detached(product)};
}

// v as it goes into a product with something like `like`, or empty.
Tensors checked_vector(std::span<const Tensor> v, std::span<const Tensor> like, bool create_graph) {
  if (v.empty()) return {};
  Tensors vector = fresh_inputs(v, create_graph, false);
  check_vector(vector, like);
  return vector;
}

// The gradient of the one output, with a history of its own.
Tensors jacobian_of_scalar(const Run& run, const char* name, const Options& options) {
  if (options.strict) require_differentiable_outputs(run.outputs);
  check_single_output(run.outputs, name);
  Tensors jacobian = gradients(run.outputs, run.inputs, {}, true);
  if (options.strict) require_jacobian_that_depends(jacobian);
  return jacobian;
}

}  // namespace

Product vjp(const Function& function, std::span<const Tensor> inputs, std::span<const Tensor> v,
            const Options& options) {
  const bool records = options.create_graph || grad_enabled();
  const GradMode mode(true);
  Run run(function, inputs, options.create_graph);
  if (options.strict) require_differentiable_outputs(run.outputs);
  const Tensors vector = checked_vector(v, run.outputs, options.create_graph);
  if (v.empty()) check_scalar_output(run.outputs);

  const GradMode inner(records);
  Tensors product = fill_in_zeros(gradients(run.outputs, run.inputs, vector, options.create_graph),
                                  run.inputs, options.strict, options.create_graph, Stage::kBack);
  return finish(std::move(run.outputs), std::move(product), options.create_graph);
}

Product jvp(const Function& function, std::span<const Tensor> inputs, std::span<const Tensor> v,
            const Options& options) {
  const GradMode mode(true);
  const Tensors vector = checked_vector(v, inputs, options.create_graph);
  if (v.empty()) check_scalar_input(inputs);
  Run run(function, inputs, options.create_graph);
  if (options.strict) require_differentiable_outputs(run.outputs);

  const Tensors weights = differentiable_zeros(run.outputs);
  const Tensors weighted = gradients(run.outputs, run.inputs, weights, true);
  if (options.strict) require_gradients_that_depend(weighted);
  Tensors product =
      fill_in_zeros(gradients(weighted, weights, vector, options.create_graph), run.outputs,
                    options.strict, options.create_graph, Stage::kBackTrick);
  return finish(std::move(run.outputs), std::move(product), options.create_graph);
}

Product vhp(const Function& function, std::span<const Tensor> inputs, std::span<const Tensor> v,
            const Options& options) {
  const GradMode mode(true);
  const Tensors vector = checked_vector(v, inputs, options.create_graph);
  if (v.empty()) check_scalar_input(inputs);
  Run run(function, inputs, options.create_graph);
  const Tensors jacobian = jacobian_of_scalar(run, "vhp", options);
  Tensors product =
      fill_in_zeros(gradients(jacobian, run.inputs, vector, options.create_graph), run.inputs,
                    options.strict, options.create_graph, Stage::kDoubleBack);
  return finish(std::move(run.outputs), std::move(product), options.create_graph);
}

Product hvp(const Function& function, std::span<const Tensor> inputs, std::span<const Tensor> v,
            const Options& options) {
  const GradMode mode(true);
  const Tensors vector = checked_vector(v, inputs, options.create_graph);
  if (v.empty()) check_scalar_input(inputs);
  Run run(function, inputs, options.create_graph);
  const Tensors jacobian = jacobian_of_scalar(run, "hvp", options);
  const Tensors weights = differentiable_zeros(run.inputs);
  const Tensors weighted = gradients(jacobian, run.inputs, weights, true);
  if (options.strict) require_hessian_that_depends(jacobian);
  Tensors product =
      fill_in_zeros(gradients(weighted, weights, vector, options.create_graph), run.inputs,
                    options.strict, options.create_graph, Stage::kDoubleBackTrick);
  return finish(std::move(run.outputs), std::move(product), options.create_graph);
}

}  // namespace libtensor::functional
