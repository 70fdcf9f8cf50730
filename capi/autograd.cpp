#include "tensor/autograd.h"

#include <cstddef>

#include "arguments.h"
#include "autograd/accumulate_grad.h"
#include "autograd/engine.h"
#include "autograd/history.h"
#include "firewall.h"

using namespace libtensor;
using namespace libtensor::capi;

static_assert(offsetof(tensor_backward_options_t, gradient) == 8 &&
              offsetof(tensor_backward_options_t, retain_graph) == 16 &&
              offsetof(tensor_backward_options_t, create_graph) == 17 &&
              offsetof(tensor_backward_options_t, allow_unused) == 18 &&
              sizeof(tensor_backward_options_t) == 24);

namespace {

autograd::BackwardOptions backward_options(const tensor_backward_options_t* options) {
  if (!options) return {};
  check(options->struct_size >= sizeof(tensor_backward_options_t), "options.struct_size is ",
        options->struct_size, ": start from tensor_backward_options_default()");
  return {options->retain_graph, options->create_graph, options->allow_unused};
}

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
  const bool before = std::exchange(autograd::grad_enabled_flag, enabled);
  if (previous) *previous = before;
  return TENSOR_OK;
}

tensor_status_t tensor_grad_enabled(bool* out) {
  return guard([&] {
    check_result(out, "out");
    *out = autograd::grad_enabled();
  });
}

tensor_status_t tensor_grad_fn_name(const tensor_t* t, char* buffer, size_t capacity,
                                    size_t* length) {
  return guard([&] {
    const Ref<autograd::Node> node = autograd::grad_fn(tensor_of(t, "t"));
    copy_string(node ? node->name() : "", buffer, capacity, length);
  });
}

tensor_status_t tensor_detach_(tensor_t* t) {
  return guard([&] { autograd::detach_(tensor_of(t, "t")); });
}

tensor_status_t tensor_backward(tensor_t* t) { return tensor_backward_with(t, nullptr); }

tensor_status_t tensor_backward_with(tensor_t* t, const tensor_backward_options_t* options) {
  return guard([&] {
    const Tensor root = tensor_of(t, "t");
    const autograd::BackwardOptions settings = backward_options(options);
    const Tensor gradient =
        options ? optional_tensor_of(options->gradient, "options.gradient") : Tensor();
    autograd::backward({&root, 1}, {&gradient, 1}, settings);
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
    new_handles(autograd::grad(roots, wanted, gradients, backward_options(options)), grads);
  });
}
