#include "tensor/autograd.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "arguments.h"
#include "autograd/accumulate_grad.h"
#include "autograd/data.h"
#include "autograd/engine.h"
#include "autograd/history.h"
#include "autograd/hooks.h"
#include "cancel_handle.h"
#include "firewall.h"

using namespace libtensor;
using namespace libtensor::capi;

static_assert(offsetof(tensor_backward_options_t, gradient) == 8 &&
              offsetof(tensor_backward_options_t, retain_graph) == 16 &&
              offsetof(tensor_backward_options_t, create_graph) == 17 &&
              offsetof(tensor_backward_options_t, allow_unused) == 18 &&
              offsetof(tensor_backward_options_t, inputs) == 24 &&
              offsetof(tensor_backward_options_t, input_count) == 32 &&
              offsetof(tensor_backward_options_t, cancel) == 40 &&
              offsetof(tensor_backward_options_t, materialize_grads) == 48 &&
              sizeof(tensor_backward_options_t) == 56);

namespace {

// The caller's options, with the defaults of what its version of the header does not have. What a
// later version has is ignored.
tensor_backward_options_t options_of(const tensor_backward_options_t* given) {
  constexpr size_t kFirstVersion = offsetof(tensor_backward_options_t, inputs);
  tensor_backward_options_t options = tensor_backward_options_default();
  if (!given) return options;
  check(given->struct_size == kFirstVersion || given->struct_size >= sizeof(options),
        "options.struct_size is ", given->struct_size,
        ": start from tensor_backward_options_default()");
  std::memcpy(&options, given, std::min(given->struct_size, sizeof(options)));
  return options;
}

// What the engine is given of them, and what keeps it alive.
struct Settings {
  std::shared_ptr<autograd::CancelToken> cancel;
  autograd::BackwardOptions options;

  explicit Settings(const tensor_backward_options_t& given) {
    if (given.cancel) cancel = *object_of(given.cancel, "options.cancel");
    options = {.retain_graph = given.retain_graph,
               .create_graph = given.create_graph,
               .allow_unused = given.allow_unused,
               .materialize_grads = given.materialize_grads,
               .cancel = cancel.get()};
  }
};

}  // namespace

tensor_status_t tensor_set_requires_grad(tensor_t* t, bool requires_grad) {
  return guard([&] { autograd::set_requires_grad(tensor_of(t, "t"), requires_grad); });
}

tensor_status_t tensor_requires_grad(const tensor_t* t, bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = tensor_of(t, "t").requires_grad();
  });
}

tensor_status_t tensor_is_leaf(const tensor_t* t, bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = autograd::is_leaf(tensor_of(t, "t"));
  });
}

tensor_status_t tensor_is_view(const tensor_t* t, bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = tensor_of(t, "t").is_view();
  });
}

tensor_status_t tensor_grad(const tensor_t* t, tensor_t** out) {
  return guard([&] {
    check_result(out, "out");
    Tensor gradient = autograd::grad(tensor_of(t, "t"));
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
  return guard([&] {
    check_result(out, "out");
    *out = tensor_of(t, "t").impl()->inference;
  });
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
    const tensor_backward_options_t given = options_of(options);
    const Settings settings(given);
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
    const tensor_backward_options_t given = options_of(options);
    const Settings settings(given);
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
    const Settings settings(options_of(options));
    new_handles(autograd::grad(roots, wanted, gradients, settings.options), grads);
  });
}
