#include "functional/vjp.h"

#include "arguments.h"
#include "callable.h"
#include "firewall.h"
#include "object_handles.h"

using namespace libtensor;
using namespace libtensor::capi;

template <>
struct libtensor::capi::ObjectKind<tensor_vjp_t> {
  using Value = functional::Vjp;
  static constexpr ObjectTag kTag = ObjectTag::kVjp;
  static constexpr const char* kName = "vector-Jacobian product";
};

namespace {

tensor_t* handle_at(const functional::Tensors& tensors, size_t index) {
  check_as(Status::kIndexError, index < tensors.size(), "index ", index,
           " is out of range: there are ", tensors.size());
  return new_handle(tensors[index]);
}

}  // namespace

tensor_status_t tensor_vjp_new(tensor_callable_t function, void* user, tensor_t* const* inputs,
                               size_t input_count, size_t output_count, tensor_vjp_t** out) {
  return guard([&] {
    check_result(out, "out");
    const TensorList at(inputs, input_count, "inputs");
    *out = new_object_handle<tensor_vjp_t>(
        functional::Vjp(function_of(function, user, output_count), at));
  });
}

tensor_status_t tensor_vjp_release(tensor_vjp_t* vjp) {
  return guard([&] { release_object(vjp, "vjp"); });
}

tensor_status_t tensor_vjp_input_count(const tensor_vjp_t* vjp, size_t* out) {
  return guard([&] {
    check_result(out, "out");
    *out = object_of(vjp, "vjp")->inputs().size();
  });
}

tensor_status_t tensor_vjp_output_count(const tensor_vjp_t* vjp, size_t* out) {
  return guard([&] {
    check_result(out, "out");
    *out = object_of(vjp, "vjp")->outputs().size();
  });
}

tensor_status_t tensor_vjp_output(const tensor_vjp_t* vjp, size_t index, tensor_t** out) {
  return guard([&] {
    check_result(out, "out");
    *out = handle_at(object_of(vjp, "vjp")->outputs(), index);
  });
}

tensor_status_t tensor_vjp_input(const tensor_vjp_t* vjp, size_t index, tensor_t** out) {
  return guard([&] {
    check_result(out, "out");
    *out = handle_at(object_of(vjp, "vjp")->inputs(), index);
  });
}

tensor_status_t tensor_vjp_run(const tensor_vjp_t* vjp, tensor_t* const* v, bool create_graph,
                               tensor_t** products) {
  return guard([&] {
    check_result(products, "products");
    const auto product = object_of(vjp, "vjp");
    const TensorList vector(v, v ? product->outputs().size() : 0, "v");
    new_handles((*product)(vector, create_graph), products);
  });
}
