// Gradients: how to run backward, autograd::grad, and guards of the grad mode.
#ifndef TENSOR_CPP_AUTOGRAD_HPP
#define TENSOR_CPP_AUTOGRAD_HPP

#include <vector>

#include "tensor/cpp/tensor_class.hpp"

namespace tensor {

class BackwardOptions {
 public:
  BackwardOptions() noexcept : raw_(tensor_backward_options_default()) {}

  BackwardOptions& retain_graph(bool value = true) noexcept {
    raw_.retain_graph = value;
    return *this;
  }
  BackwardOptions& create_graph(bool value = true) noexcept {
    raw_.create_graph = value;
    return *this;
  }
  BackwardOptions& allow_unused(bool value = true) noexcept {
    raw_.allow_unused = value;
    return *this;
  }
  tensor_backward_options_t raw() const noexcept { return raw_; }

 private:
  tensor_backward_options_t raw_;
};

inline void Tensor::backward(const Tensor& gradient, const BackwardOptions& options) const {
  tensor_backward_options_t raw = options.raw();
  raw.gradient = gradient.handle();
  detail::check(tensor_backward_with(handle_, &raw));
}

inline void Tensor::backward(const Tensor& gradient) const {
  backward(gradient, BackwardOptions());
}

namespace detail {

inline std::vector<tensor_t*> handles(const std::vector<Tensor>& tensors) {
  std::vector<tensor_t*> result;
  result.reserve(tensors.size());
  for (const Tensor& t : tensors) result.push_back(t.handle());
  return result;
}

// A list of results: `call` is asked for its length first.
template <class Call>
std::vector<Tensor> own_list(const Call& call) {
  size_t count = 0;
  check(call(nullptr, 0, &count));
  std::vector<tensor_t*> raw(count);
  std::vector<Tensor> result;
  result.reserve(count);
  if (count == 0) return result;
  check(call(raw.data(), count, &count));
  for (tensor_t* t : raw) result.push_back(Tensor::own(t));
  return result;
}

}  // namespace detail

namespace autograd {

// d outputs / d inputs[i] for each input. grad_outputs: one for each output, undefined ones (or
// none at all) meaning ones for outputs of one element. With allow_unused an input that no output
// depends on gets an undefined tensor.
inline std::vector<Tensor> grad(const std::vector<Tensor>& outputs,
                                const std::vector<Tensor>& inputs,
                                const std::vector<Tensor>& grad_outputs = {},
                                const BackwardOptions& options = BackwardOptions()) {
  if (!grad_outputs.empty() && grad_outputs.size() != outputs.size()) {
    throw Error(TENSOR_ERROR_INVALID_ARGUMENT, "grad: one grad_output is needed for each output");
  }
  const std::vector<tensor_t*> outs = detail::handles(outputs), ins = detail::handles(inputs),
                               gradients = detail::handles(grad_outputs);
  const tensor_backward_options_t raw = options.raw();
  std::vector<tensor_t*> results(inputs.size(), nullptr);
  detail::check(tensor_autograd_grad(outs.data(), outs.size(), ins.data(), ins.size(),
                                     gradients.empty() ? nullptr : gradients.data(), &raw,
                                     results.data()));
  std::vector<Tensor> owned(results.size());
  for (size_t i = 0; i < results.size(); ++i) owned[i] = Tensor::own(results[i]);
  return owned;
}

}  // namespace autograd

// Sets whether this thread's operations are recorded, until it goes out of scope.
class GradMode {
 public:
  explicit GradMode(bool enabled) { detail::check(tensor_grad_enabled_set(enabled, &previous_)); }
  ~GradMode() { tensor_grad_enabled_set(previous_, nullptr); }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

  static bool is_enabled() {
    bool out;
    detail::check(tensor_grad_enabled(&out));
    return out;
  }

 private:
  bool previous_;
};

// Nothing that this thread does is recorded while a NoGrad lives.
struct NoGrad : GradMode {
  NoGrad() : GradMode(false) {}
};

struct EnableGrad : GradMode {
  EnableGrad() : GradMode(true) {}
};

}  // namespace tensor

#endif  // TENSOR_CPP_AUTOGRAD_HPP
