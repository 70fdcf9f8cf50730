#include "autograd/saved_tensor.h"

#include "autograd/history.h"
#include "autograd/node.h"

namespace libtensor::autograd {

void SavedTensor::save(const Tensor& input) {
  tensor_ = input;
  released_ = false;
  if (input.defined()) version_ = input.version();
}

void SavedTensor::save_output(const Tensor& result) {
  tensor_ = result.alias();
  version_ = result.version();
  output_nr_ = result.impl()->output_nr;
  is_output_ = true;
  released_ = false;
}

Tensor SavedTensor::unpack(Node& owner) const {
  check(!released_,
        "Trying to backward through the graph a second time (or directly access saved tensors "
        "after they have "
        "already been freed). Saved intermediate values of the graph are freed when you call "
        ".backward() or "
        "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a "
        "second time or if "
        "you need to access saved tensors after calling backward.");
  if (!tensor_.defined()) return tensor_;
  check_version(owner);
  if (!is_output_ || !is_floating(tensor_.dtype())) return tensor_;
  Tensor result = tensor_.alias();
  (owner.enclosing() ? *owner.enclosing() : owner).reattach(result, output_nr_);
  return result;
}

namespace {

// "Mul" for MulBackward0, as PyTorch's message calls the operation.
std::string operation_of(const char* node_name) {
  const std::string name = node_name;
  return name.substr(0, name.find("Backward"));
}

}  // namespace

void SavedTensor::check_version(const Node& owner) const {
  if (tensor_.version() == version_) [[likely]]
    return;
  const Ref<Node> grad_fn = is_output_ ? Ref<Node>() : autograd::grad_fn(tensor_);
  const char* maker = is_output_ ? owner.name() : grad_fn ? grad_fn->name() : nullptr;
  const std::string origin =
      maker ? str(", which is output ", is_output_ ? output_nr_ : tensor_.impl()->output_nr, " of ",
                  operation_of(maker), ",")
            : std::string();
  const std::string writer = tensor_.storage().last_writer()
                                 ? str(" Last changed by ", tensor_.storage().last_writer(), ".")
                                 : "";
  fail(Status::kInvalidArgument,
       "one of the variables needed for gradient computation has been modified by an inplace "
       "operation: [torch.",
       tensor_.device().is_cpu() ? "" : "cuda.", scalar_name_of(tensor_.dtype()), "Tensor ",
       tensor_.shape(), "]", origin, " is at version ", tensor_.version(), "; expected version ",
       version_, " instead. Hint: ",
       "enable anomaly detection to find the operation that failed to compute its gradient, with "
       "torch.autograd.set_detect_anomaly(True).",
       writer);
}

}  // namespace libtensor::autograd
