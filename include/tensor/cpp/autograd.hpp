// Gradients: how to run backward, autograd::backward and grad, cancelling, and guards of the modes.
#ifndef TENSOR_CPP_AUTOGRAD_HPP
#define TENSOR_CPP_AUTOGRAD_HPP

#include <memory>
#include <vector>

#include "tensor/cpp/tensor_class.hpp"

namespace tensor {

namespace detail {

inline std::vector<tensor_t*> handles(const std::vector<Tensor>& tensors) {
  std::vector<tensor_t*> result;
  result.reserve(tensors.size());
  for (const Tensor& t : tensors) result.push_back(t.handle());
  return result;
}

// The tensors of handles that the caller owns.
inline std::vector<Tensor> owned(const std::vector<tensor_t*>& handles) {
  std::vector<Tensor> tensors(handles.size());
  for (size_t i = 0; i < handles.size(); ++i) tensors[i] = Tensor::own(handles[i]);
  return tensors;
}

// A list of results: `call` is asked for its length first.
template <class Call>
std::vector<Tensor> own_list(const Call& call) {
  size_t count = 0;
  check(call(nullptr, 0, &count));
  std::vector<tensor_t*> raw(count);
  if (count > 0) check(call(raw.data(), count, &count));
  return owned(raw);
}

// One gradient for each tensor; nullptr where none are given.
inline tensor_t* const* gradient_handles(const std::vector<tensor_t*>& gradients, size_t count,
                                         const char* function) {
  if (gradients.empty()) return nullptr;
  if (gradients.size() == count) return gradients.data();
  throw Error(TENSOR_ERROR_INVALID_ARGUMENT,
              std::string(function) + ": one gradient is needed for each tensor (expected " +
                  std::to_string(count) + ", got " + std::to_string(gradients.size()) + ")");
}

}  // namespace detail

// A request to stop the backward passes whose options name it, before their next node: they throw
// an Error with the status TENSOR_ERROR_CANCELLED. Copies are the same request. cancel may be
// called on any thread, and holds until reset.
class Cancel {
 public:
  Cancel() {
    tensor_cancel_t* handle;
    detail::check(tensor_cancel_new(&handle));
    handle_.reset(handle, &tensor_cancel_release);
  }
  void cancel() { detail::check(tensor_cancel(handle_.get())); }
  void reset() { detail::check(tensor_cancel_reset(handle_.get())); }
  const std::shared_ptr<tensor_cancel_t>& handle() const noexcept { return handle_; }

 private:
  std::shared_ptr<tensor_cancel_t> handle_;
};

class BackwardOptions {
 public:
  BackwardOptions() noexcept : raw_(tensor_backward_options_default()) {}

  // Keep what was saved, so that backward can run again.
  BackwardOptions& retain_graph(bool value = true) noexcept {
    raw_.retain_graph = value;
    return *this;
  }
  // Record the backward pass, for higher derivatives; retains the graph too.
  BackwardOptions& create_graph(bool value = true) noexcept {
    raw_.create_graph = value;
    return *this;
  }
  // autograd::grad: an input that no output depends on gets an undefined tensor ...
  BackwardOptions& allow_unused(bool value = true) noexcept {
    raw_.allow_unused = value;
    return *this;
  }
  // ... or zeros.
  BackwardOptions& materialize_grads(bool value = true) noexcept {
    raw_.materialize_grads = value;
    return *this;
  }
  // backward: adds to the gradients of these tensors only (leaves or not), and runs only what leads
  // to them. Without it, to those of all leaves.
  BackwardOptions& inputs(std::vector<Tensor> tensors) {
    if (tensors.empty()) {
      throw Error(TENSOR_ERROR_INVALID_ARGUMENT,
                  "'inputs' argument to backward() cannot be empty.");
    }
    inputs_ = std::make_shared<Inputs>(std::move(tensors));
    return *this;
  }
  BackwardOptions& cancel(const Cancel& request) {
    cancel_ = request.handle();
    return *this;
  }
  // For the C functions; valid as long as this object is, and unchanged.
  tensor_backward_options_t raw() const noexcept {
    tensor_backward_options_t result = raw_;
    if (inputs_) {
      result.inputs = inputs_->handles.data();
      result.input_count = inputs_->handles.size();
    }
    result.cancel = cancel_.get();
    return result;
  }

 private:
  struct Inputs {  // copies of the options share them, and so their handles
    explicit Inputs(std::vector<Tensor> list)
        : tensors(std::move(list)), handles(detail::handles(tensors)) {}
    std::vector<Tensor> tensors;
    std::vector<tensor_t*> handles;
  };

  tensor_backward_options_t raw_;
  std::shared_ptr<const Inputs> inputs_;
  std::shared_ptr<tensor_cancel_t> cancel_;
};

inline void Tensor::backward(const Tensor& gradient, const BackwardOptions& options) const {
  tensor_backward_options_t raw = options.raw();
  raw.gradient = gradient.handle();
  detail::check(tensor_backward_with(handle_, &raw));
}

inline void Tensor::backward(const Tensor& gradient) const {
  backward(gradient, BackwardOptions());
}

inline void Tensor::backward(const BackwardOptions& options) const { backward(Tensor(), options); }

namespace autograd {

// Runs backward from several tensors at once. grad_tensors: one for each, undefined ones (or none
// at all) meaning ones for tensors of one element.
inline void backward(const std::vector<Tensor>& tensors,
                     const std::vector<Tensor>& grad_tensors = {},
                     const BackwardOptions& options = BackwardOptions()) {
  const std::vector<tensor_t*> roots = detail::handles(tensors),
                               gradients = detail::handles(grad_tensors);
  const tensor_backward_options_t raw = options.raw();
  detail::check(tensor_autograd_backward(
      roots.data(), roots.size(), detail::gradient_handles(gradients, roots.size(), "backward"),
      &raw));
}

// d outputs / d inputs[i] for each input. grad_outputs: one for each output, undefined ones (or
// none at all) meaning ones for outputs of one element. An input that no output depends on is an
// error, but with allow_unused or materialize_grads.
inline std::vector<Tensor> grad(const std::vector<Tensor>& outputs,
                                const std::vector<Tensor>& inputs,
                                const std::vector<Tensor>& grad_outputs = {},
                                const BackwardOptions& options = BackwardOptions()) {
  const std::vector<tensor_t*> outs = detail::handles(outputs), ins = detail::handles(inputs),
                               gradients = detail::handles(grad_outputs);
  const tensor_backward_options_t raw = options.raw();
  std::vector<tensor_t*> results(inputs.size(), nullptr);
  detail::check(tensor_autograd_grad(outs.data(), outs.size(), ins.data(), ins.size(),
                                     detail::gradient_handles(gradients, outs.size(), "grad"), &raw,
                                     results.data()));
  return detail::owned(results);
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

// While it lives, this thread records nothing and makes inference tensors: cheaper ones that no
// graph may hold.
class InferenceMode {
 public:
  explicit InferenceMode(bool enabled = true) {
    detail::check(tensor_inference_mode_set(enabled, &previous_));
  }
  ~InferenceMode() { tensor_inference_mode_set(previous_, nullptr); }
  InferenceMode(const InferenceMode&) = delete;
  InferenceMode& operator=(const InferenceMode&) = delete;

  static bool is_enabled() {
    bool out;
    detail::check(tensor_inference_mode(&out));
    return out;
  }

 private:
  bool previous_;
};

}  // namespace tensor

#endif  // TENSOR_CPP_AUTOGRAD_HPP
