#include "tensor/functional.h"

#include <cstddef>

#include "arguments.h"
#include "callable.h"
#include "callback.h"
#include "firewall.h"
#include "functional/checkpoint.h"
#include "functional/gradcheck.h"
#include "functional/jacobian.h"

using namespace libtensor;
using namespace libtensor::capi;

static_assert(offsetof(tensor_functional_options_t, create_graph) == 8 &&
              offsetof(tensor_functional_options_t, strict) == 9 &&
              sizeof(tensor_functional_options_t) == 16);
static_assert(offsetof(tensor_checkpoint_options_t, preserve_rng_state) == 8 &&
              offsetof(tensor_checkpoint_options_t, early_stop) == 9 &&
              sizeof(tensor_checkpoint_options_t) == 16);
static_assert(offsetof(tensor_gradcheck_options_t, eps) == 8 &&
              offsetof(tensor_gradcheck_options_t, nondet_tol) == 32 &&
              offsetof(tensor_gradcheck_options_t, check_undefined_grad) == 40 &&
              offsetof(tensor_gradcheck_options_t, fast_mode) == 41 &&
              sizeof(tensor_gradcheck_options_t) == 48);

namespace {

functional::Options functional_options(const tensor_functional_options_t* options) {
  if (!options) return {};
  check(options->struct_size >= sizeof(tensor_functional_options_t), "options.struct_size is ",
        options->struct_size, ": start from tensor_functional_options_default()");
  return {options->create_graph, options->strict};
}

functional::GradcheckOptions gradcheck_options(const tensor_gradcheck_options_t* options) {
  if (!options) return {};
  check(options->struct_size >= sizeof(tensor_gradcheck_options_t), "options.struct_size is ",
        options->struct_size, ": start from tensor_gradcheck_options_default()");
  check_as(Status::kValueError, options->eps > 0, "options.eps must be positive");
  return {options->eps,
          options->atol,
          options->rtol,
          options->nondet_tol,
          options->check_undefined_grad,
          options->fast_mode};
}

functional::CheckpointOptions checkpoint_options(const tensor_checkpoint_options_t* options) {
  if (!options) return {};
  check(options->struct_size >= sizeof(tensor_checkpoint_options_t), "options.struct_size is ",
        options->struct_size, ": start from tensor_checkpoint_options_default()");
  return {options->preserve_rng_state, options->early_stop};
}

using ProductOf = functional::Product (*)(const functional::Function&, std::span<const Tensor>,
                                          std::span<const Tensor>, const functional::Options&);

struct ProductCall {
  tensor_callable_t function;
  void* user;
  tensor_t* const* inputs;
  size_t input_count;
  tensor_t* const* v;
  size_t v_count;
  const tensor_functional_options_t* options;
  tensor_t** outputs;
  size_t output_count;
  tensor_t** product;
  const char* product_name;
};

tensor_status_t run_product(ProductOf product_of, const ProductCall& call) {
  return guard([&] {
    check_result(call.product, call.product_name);
    const functional::Function own = function_of(call.function, call.user, call.output_count);
    const TensorList inputs(call.inputs, call.input_count, "inputs");
    const TensorList vector(call.v, call.v ? call.v_count : 0, "v");
    functional::Product result = product_of(own, inputs, vector, functional_options(call.options));
    functional::Tensors all = std::move(result.product);
    const size_t product_count = all.size();
    if (call.outputs) all.insert(all.end(), result.outputs.begin(), result.outputs.end());
    std::vector<tensor_t*> handles(all.size());
    new_handles(all, handles.data());
    std::copy_n(handles.begin(), product_count, call.product);
    if (call.outputs) std::copy(handles.begin() + product_count, handles.end(), call.outputs);
  });
}

}  // namespace

tensor_status_t tensor_vjp(tensor_callable_t function, void* user, tensor_t* const* inputs,
                           size_t input_count, tensor_t* const* v,
                           const tensor_functional_options_t* options, tensor_t** outputs,
                           size_t output_count, tensor_t** vjp) {
  return run_product(functional::vjp, {function, user, inputs, input_count, v, output_count,
                                       options, outputs, output_count, vjp, "vjp"});
}

tensor_status_t tensor_jvp(tensor_callable_t function, void* user, tensor_t* const* inputs,
                           size_t input_count, tensor_t* const* v,
                           const tensor_functional_options_t* options, tensor_t** outputs,
                           size_t output_count, tensor_t** jvp) {
  return run_product(functional::jvp, {function, user, inputs, input_count, v, input_count, options,
                                       outputs, output_count, jvp, "jvp"});
}

tensor_status_t tensor_vhp(tensor_callable_t function, void* user, tensor_t* const* inputs,
                           size_t input_count, tensor_t* const* v,
                           const tensor_functional_options_t* options, tensor_t** output,
                           tensor_t** vhp) {
  return run_product(functional::vhp, {function, user, inputs, input_count, v, input_count, options,
                                       output, 1, vhp, "vhp"});
}

tensor_status_t tensor_hvp(tensor_callable_t function, void* user, tensor_t* const* inputs,
                           size_t input_count, tensor_t* const* v,
                           const tensor_functional_options_t* options, tensor_t** output,
                           tensor_t** hvp) {
  return run_product(functional::hvp, {function, user, inputs, input_count, v, input_count, options,
                                       output, 1, hvp, "hvp"});
}

tensor_status_t tensor_jacobian(tensor_callable_t function, void* user, tensor_t* const* inputs,
                                size_t input_count, const tensor_functional_options_t* options,
                                size_t output_count, tensor_t** jacobian) {
  return guard([&] {
    check_result(jacobian, "jacobian");
    const TensorList at(inputs, input_count, "inputs");
    new_handles(functional::jacobian(function_of(function, user, output_count), at,
                                     functional_options(options)),
                jacobian);
  });
}

tensor_status_t tensor_hessian(tensor_callable_t function, void* user, tensor_t* const* inputs,
                               size_t input_count, const tensor_functional_options_t* options,
                               tensor_t** hessian) {
  return guard([&] {
    check_result(hessian, "hessian");
    const TensorList at(inputs, input_count, "inputs");
    new_handles(
        functional::hessian(function_of(function, user, 1), at, functional_options(options)),
        hessian);
  });
}

tensor_status_t tensor_checkpoint(tensor_callable_t function, void* user,
                                  void (*destroy)(void* user), tensor_t* const* inputs,
                                  size_t input_count, const tensor_checkpoint_options_t* options,
                                  tensor_t** outputs, size_t output_count) {
  return guard([&] {
    const User owner(user, destroy);
    check(function != nullptr, "function must not be NULL");
    check(outputs != nullptr || output_count == 0, "outputs must not be NULL");
    check_count(output_count, "output_count");
    const TensorList at(inputs, input_count, "inputs");
    const functional::Function run = [=](std::span<const Tensor> own) {
      return call_function(function, owner.get(), own, output_count, Unwritten::kUndefined);
    };
    functional::CheckpointOptions settings = checkpoint_options(options);
    settings.held = owner.data();
    new_handles(functional::checkpoint(run, at, settings), outputs);
  });
}

tensor_status_t tensor_gradcheck(tensor_callable_t function, void* user, tensor_t* const* inputs,
                                 size_t input_count, size_t output_count,
                                 const tensor_gradcheck_options_t* options) {
  return guard([&] {
    const TensorList at(inputs, input_count, "inputs");
    functional::gradcheck(function_of(function, user, output_count), at,
                          gradcheck_options(options));
  });
}

tensor_status_t tensor_gradgradcheck(tensor_callable_t function, void* user,
                                     tensor_t* const* inputs, size_t input_count,
                                     size_t output_count, tensor_t* const* grad_outputs,
                                     size_t grad_output_count,
                                     const tensor_gradcheck_options_t* options) {
  return guard([&] {
    const TensorList at(inputs, input_count, "inputs");
    const TensorList arriving(grad_outputs, grad_output_count, "grad_outputs");
    functional::gradgradcheck(function_of(function, user, output_count), at, arriving,
                              gradcheck_options(options));
  });
}
