#include "tensor/autograd.h"

#include "arguments.h"
#include "autograd/accumulate_grad.h"
#include "autograd/data.h"
#include "autograd/engine.h"
#include "autograd/graph_task.h"
#include "autograd/history.h"
#include "autograd/hooks.h"
#include "backward_options.h"
#include "cancel_handle.h"
#include "core/warning.h"
#include "firewall.h"

using namespace libtensor;
using namespace libtensor::capi;

namespace {

void warn_of_no_grad(const Tensor& self) {
  if (!self.requires_grad() || autograd::is_leaf(self) || autograd::retains_grad(self)) return;
  warn(
      "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
      "attribute won't be populated during autograd.backward(). If you indeed want the .grad field "
      "to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you "
      "access the non-leaf Tensor by mistake, make sure you access the leaf Tensor instead. See "
      "github.com/pytorch/pytorch/pull/30531 for more information.");
}

}  // namespace

tensor_status_t tensor_set_requires_grad(tensor_t* t, bool requires_grad) {
  return guard([&] { autograd::set_requires_grad(tensor_of(t, "t"), requires_grad); });
}

tensor_status_t tensor_requires_grad(const tensor_t* t, bool* out) {
  return read_tensor(t, out, [](const Tensor& tensor) { return tensor.requires_grad(); });
}

tensor_status_t tensor_is_leaf(const tensor_t* t, bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = autograd::is_leaf(tensor_of(t, "t"));
  });
}

tensor_status_t tensor_is_view(const tensor_t* t, bool* out) {
  return read_tensor(t, out, [](const Tensor& tensor) { return tensor.is_view(); });
}

tensor_status_t tensor_grad(const tensor_t* t, tensor_t** out) {
  return guard([&] {
    check_result(out, "out");
    const Tensor self = tensor_of(t, "t");
    Tensor gradient = autograd::grad(self);
    if (!gradient.defined()) warn_of_no_grad(self);
    *out = gradient.defined() ? new_handle(std::move(gradient)) : nullptr;
  });
}

tensor_status_t tensor_set_grad(tensor_t* t, const tensor_t* gradient) {
  return guard(
      [&] { autograd::set_grad(tensor_of(t, "t"), optional_tensor_of(gradient, "gradient")); });
}

tensor_status_t tensor_grad_enabled_set(bool enabled, bool* previous) {
  const bool before = autograd::set_grad_mode(enabled);
  if (previous) *previous = before;
  return TENSOR_OK;
}

tensor_status_t tensor_grad_enabled(bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = autograd::grad_mode();
  });
}

tensor_status_t tensor_inference_mode_set(bool enabled, bool* previous) {
  const bool before = autograd::set_inference_mode(enabled);
  if (previous) *previous = before;
  return TENSOR_OK;
}

tensor_status_t tensor_inference_mode(bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = inference_mode_flag;
  });
}

tensor_status_t tensor_is_inference(const tensor_t* t, bool* out) {
  return read_tensor(t, out, [](const Tensor& tensor) { return tensor.impl()->inference; });
}

tensor_status_t tensor_retain_grad(tensor_t* t) {
  return guard([&] { autograd::retain_grad(tensor_of(t, "t")); });
}

tensor_status_t tensor_retains_grad(const tensor_t* t, bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = autograd::retains_grad(tensor_of(t, "t"));
  });
}

tensor_status_t tensor_cancel_new(tensor_cancel_t** out) {
  return guard([&] {
    check_result(out, "out");
    *out = new_object_handle<tensor_cancel_t>(std::make_shared<autograd::CancelToken>());
  });
}

tensor_status_t tensor_cancel(tensor_cancel_t* cancel) {
  return guard([&] { (*object_of(cancel, "cancel"))->cancel(); });
}

tensor_status_t tensor_cancel_reset(tensor_cancel_t* cancel) {
  return guard([&] { (*object_of(cancel, "cancel"))->reset(); });
}

tensor_status_t tensor_cancel_release(tensor_cancel_t* cancel) {
  return guard([&] { release_object(cancel, "cancel"); });
}

tensor_status_t tensor_grad_fn_name(const tensor_t* t, char* buffer, size_t capacity,
                                    size_t* length) {
  return guard([&] {
    const Ref<autograd::Node> node = autograd::grad_fn(tensor_of(t, "t"));
    copy_string(node ? node->name() : "", buffer, capacity, length);
  });
}

tensor_status_t tensor_variable_data(const tensor_t* t, tensor_t** out) {
  return guard([&] {
    check_result(out, "out");
    *out = new_handle(autograd::variable_data(tensor_of(t, "t")));
  });
}

tensor_status_t tensor_set_data(tensor_t* t, const tensor_t* data) {
  return guard([&] { autograd::set_data(tensor_of(t, "t"), tensor_of(data, "data")); });
}

tensor_status_t tensor_detach_(tensor_t* t) {
  return guard([&] { autograd::detach_(tensor_of(t, "t")); });
}

tensor_status_t tensor_backward(tensor_t* t) { return tensor_backward_with(t, nullptr); }

tensor_status_t tensor_backward_with(tensor_t* t, const tensor_backward_options_t* options) {
  return guard([&] {
    const Tensor root = tensor_of(t, "t");
    const tensor_backward_options_t given = backward_options_of(options);
    const BackwardSettings settings(given);
    const Tensor gradient = optional_tensor_of(given.gradient, "options.gradient");
    const TensorList inputs(given.inputs, given.input_count, "options.inputs");
    autograd::backward({&root, 1}, {&gradient, 1}, inputs, settings.options);
  });
}

tensor_status_t tensor_autograd_backward(tensor_t* const* tensors, size_t count,
                                         tensor_t* const* grad_tensors,
                                         const tensor_backward_options_t* options) {
  return guard([&] {
    const TensorList roots(tensors, count, "tensors");
    const TensorList gradients(grad_tensors, grad_tensors ? count : 0, "grad_tensors",
                               TensorList::Nulls::kUndefined);
    const tensor_backward_options_t given = backward_options_of(options);
    const BackwardSettings settings(given);
    const TensorList inputs(given.inputs, given.input_count, "options.inputs");
    autograd::backward(roots, gradients, inputs, settings.options);
  });
}

tensor_status_t tensor_autograd_grad(tensor_t* const* outputs, size_t output_count,
                                     tensor_t* const* inputs, size_t input_count,
                                     tensor_t* const* grad_outputs,
                                     const tensor_backward_options_t* options, tensor_t** grads) {
  return guard([&] {
    check_result(grads, "grads");
    const TensorList roots(outputs, output_count, "outputs"), wanted(inputs, input_count, "inputs");
    const TensorList gradients(grad_outputs, grad_outputs ? output_count : 0, "grad_outputs",
                               TensorList::Nulls::kUndefined);
    const BackwardSettings settings(backward_options_of(options));
    new_handles(autograd::grad(roots, wanted, gradients, settings.options), grads);
  });
}

tensor_status_t tensor_backward_is_partial(bool* out) {
  return guard([&] {
    check_result(out, "out");
    const autograd::GraphTask* const pass = autograd::GraphTask::current();
    *out = pass && pass->is_partial();
  });
}
