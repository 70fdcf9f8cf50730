#include "autograd/engine.h"

#include "autograd/graph_task.h"
#include "autograd/history.h"
#include "autograd/hooks.h"
#include "autograd/tensor_ops.h"

namespace libtensor::autograd {
namespace {

// torch.Size([2, 3]), as Python prints it.
std::string size_text(const Tensor& tensor) { return str("torch.Size(", tensor.shape(), ")"); }

// The gradient to begin with at `output`: what the caller gave, or 1 for a scalar.
Tensor root_gradient(const Tensor& output, const Tensor& given, size_t index) {
  if (given.defined()) {
    check(given.shape() == output.shape(), "Mismatch in shape: grad_output[", index,
          "] has a shape of ", size_text(given), " and output[", index, "] has a shape of ",
          size_text(output), ".");
    return given;
  }
  if (!output.requires_grad()) return given;
  check(output.numel() == 1, "grad can be implicitly created only for scalar outputs");
  return tensor_ops.ones_like(output);
}

void add_roots(GraphTask& task, std::span<const Tensor> outputs,
               std::span<const Tensor> gradients) {
  check(gradients.empty() || gradients.size() == outputs.size(), "got ", outputs.size(),
        " tensors and ", gradients.size(), " gradients");
  std::vector<Tensor> first;
  for (size_t i = 0; i < outputs.size(); ++i) {
    first.push_back(root_gradient(outputs[i], gradients.empty() ? Tensor() : gradients[i], i));
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Edge root = gradient_edge(outputs[i]);
    check(static_cast<bool>(root.node), "element ", i,
          " of tensors does not require grad and does not have a grad_fn");
    task.add_root(root, first[i]);
  }
}

}  // namespace

void backward(std::span<const Tensor> outputs, std::span<const Tensor> gradients,
              std::span<const Tensor> inputs, const BackwardOptions& options) {
  GraphTask task(options);
  for (const Tensor& input : inputs) {
    retain_grad(input);
    task.require(gradient_edge(input).node);
  }
  add_roots(task, outputs, gradients);
  task.run();
}

std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                         std::span<const Tensor> gradients, const BackwardOptions& options) {
  check(!inputs.empty(), "`inputs` argument to `grad()` cannot be empty.");
  GraphTask task(options);
  for (const Tensor& input : inputs) {
    const Edge edge = gradient_edge(input);
    check(static_cast<bool>(edge.node), "One of the differentiated Tensors does not require grad");
    task.capture(edge);
  }
  add_roots(task, outputs, gradients);
  task.run();
  std::vector<Tensor> results = task.captured();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (results[i].defined()) continue;
    if (options.materialize_grads) {
      results[i] = tensor_ops.zeros_like(inputs[i]);
    } else {
      check(options.allow_unused, "The differentiated Tensor at index ", i,
            " appears to not have been used in the graph. Set allow_unused=True if this is the "
            "desired behavior.");
    }
  }
  return results;
}

void queue_callback(std::function<void()> callback) {
  check(GraphTask::current() != nullptr,
        "Final callbacks can only be installed during backward pass.");
  GraphTask::current()->queue_callback(std::move(callback));
}

}  // namespace libtensor::autograd
