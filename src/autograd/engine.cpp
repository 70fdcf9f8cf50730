#include "autograd/engine.h"

#include "autograd/graph_task.h"
#include "autograd/history.h"
#include "autograd/hooks.h"
#include "autograd/tensor_ops.h"
#include "core/in_use.h"
#include "core/warning.h"

namespace libtensor::autograd {
namespace {

// Where a pass starts, and with which gradient.
struct Root {
  Edge edge;
  Tensor gradient;
};

void check_given(const Tensor& given, const Dims& shape, size_t index) {
  check(given.shape() == shape, "Mismatch in shape: grad_output[", index,
        "] has a shape of torch.Size(", given.shape(), ") and output[", index,
        "] has a shape of torch.Size(", shape, ").");
}

void check_scalar(const Dims& shape) {
  check(numel_of(shape) == 1, "grad can be implicitly created only for scalar outputs");
}

void check_count(size_t outputs, std::span<const Tensor> gradients) {
  check(gradients.empty() || gradients.size() == outputs, "got ", outputs, " tensors and ",
        gradients.size(), " gradients");
}

// The gradient to begin with at `output`: what the caller gave, or 1 for a scalar.
Tensor root_gradient(const Tensor& output, const Tensor& given, size_t index) {
  if (given.defined()) {
    check_given(given, output.shape(), index);
    return given;
  }
  if (!output.requires_grad()) return given;
  check_scalar(output.shape());
  return tensor_ops.ones_like(output);
}

std::vector<Root> roots_of(std::span<const Tensor> outputs, std::span<const Tensor> gradients) {
  check_count(outputs.size(), gradients);
  std::vector<Root> roots;
  for (const Tensor& output : outputs) use(output, "a tensor to begin with");
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Tensor given = gradients.empty() ? Tensor() : gradients[i];
    roots.push_back({{}, root_gradient(outputs[i], given, i)});
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    roots[i].edge = gradient_edge(outputs[i]);
    check(static_cast<bool>(roots[i].edge.node), "element ", i,
          " of tensors does not require grad and does not have a grad_fn");
  }
  return roots;
}

const OutputMeta& output_of(const Edge& edge) { return edge.node->output(edge.output_nr); }

std::vector<Root> roots_of(std::span<const Edge> outputs, std::span<const Tensor> gradients) {
  check_count(outputs.size(), gradients);
  std::vector<Root> roots;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const OutputMeta& output = output_of(outputs[i]);
    Tensor gradient = gradients.empty() ? Tensor() : gradients[i];
    if (gradient.defined()) {
      check_given(gradient, output.shape, i);
    } else {
      check_scalar(output.shape);
      gradient = tensor_ops.ones(output);
    }
    roots.push_back({outputs[i], std::move(gradient)});
  }
  return roots;
}

void run(GraphTask& task, const std::vector<Root>& roots) {
  for (const Root& root : roots) task.add_root(root.edge, root.gradient);
  task.run();
}

// A view that was made before its base asked for a gradient requires grad, but nothing computes its
// own: as in PyTorch, it may be asked for and has none.
void add_inputs(GraphTask& task, std::span<const Tensor> inputs) {
  for (const Tensor& input : inputs) {
    use(input, "an input");
    retain_grad(input);
    const Edge edge = gradient_edge(input);
    edge.node ? task.require(edge.node) : task.prune();
  }
}

// What the pass found for each input; zeros_for(i) where it found nothing and zeros were asked for.
template <class Zeros>
std::vector<Tensor> results_of(const GraphTask& task, const BackwardOptions& options,
                               Zeros zeros_for) {
  std::vector<Tensor> results = task.captured();
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i].defined()) continue;
    if (options.materialize_grads) {
      results[i] = zeros_for(i);
      if (options.create_graph && is_floating(results[i].dtype()))
        set_requires_grad(results[i], true);
    } else {
      check(options.allow_unused, "The differentiated Tensor at index ", i,
            " appears to not have been used in the graph. Set allow_unused=True if this is the "
            "desired behavior.");
    }
  }
  return results;
}

// The gradient of a leaf holds the graph, which holds the leaf.
void warn_of_cycles(const BackwardOptions& options) {
  if (!options.create_graph) return;
  warn(
      "Using backward() with create_graph=True will create a reference cycle between the parameter "
      "and its gradient which can cause a memory leak. We recommend using autograd.grad when "
      "creating the graph to avoid this. If you have to use this function, make sure to reset the "
      ".grad fields of your parameters to None after use to break the cycle and avoid the leak.");
}

void check_wanted(size_t inputs) {
  check(inputs > 0, "`inputs` argument to `grad()` cannot be empty.");
}

}  // namespace

void backward(std::span<const Tensor> outputs, std::span<const Tensor> gradients,
              std::span<const Tensor> inputs, const BackwardOptions& options) {
  warn_of_cycles(options);
  GraphTask task(options);
  add_inputs(task, inputs);
  run(task, roots_of(outputs, gradients));
}

void backward_edges(std::span<const Edge> roots, std::span<const Tensor> gradients,
                    std::span<const Tensor> inputs, const BackwardOptions& options) {
  warn_of_cycles(options);
  GraphTask task(options);
  add_inputs(task, inputs);
  run(task, roots_of(roots, gradients));
}

std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                         std::span<const Tensor> gradients, const BackwardOptions& options) {
  check_wanted(inputs.size());
  GraphTask task(options);
  for (const Tensor& input : inputs) {
    const Edge edge = gradient_edge(input);
    check(edge.node || input.requires_grad(),
          "One of the differentiated Tensors does not require grad");
    task.capture(edge);
  }
  run(task, roots_of(outputs, gradients));
  return results_of(task, options, [&](size_t i) { return tensor_ops.zeros_like(inputs[i]); });
}

std::vector<Tensor> grad_edges(std::span<const Edge> outputs, std::span<const Edge> inputs,
                               std::span<const Tensor> gradients, const BackwardOptions& options) {
  check_wanted(inputs.size());
  GraphTask task(options);
  for (const Edge& input : inputs) task.capture(input);
  run(task, roots_of(outputs, gradients));
  return results_of(task, options,
                    [&](size_t i) { return tensor_ops.zeros(output_of(inputs[i])); });
}

void queue_callback(std::function<void()> callback) {
  check(GraphTask::current() != nullptr,
        "Final callbacks can only be installed during backward pass.");
  GraphTask::current()->queue_callback(std::move(callback));
}

}  // namespace libtensor::autograd
