// Backward from places in the graph, and to them.
#include "arguments.h"
#include "autograd/engine.h"
#include "backward_options.h"
#include "firewall.h"
#include "node_handle.h"

using namespace libtensor;
using namespace libtensor::capi;

namespace {

Ref<autograd::Node> node_at(const tensor_node_t* handle, const char* name, size_t i) {
  if (const auto found =
          detail::find_object(ObjectTag::kNode, reinterpret_cast<uint64_t>(handle))) {
    return *std::static_pointer_cast<Ref<autograd::Node>>(found);
  }
  return node_of(handle, str(name, "[", i, "].node").c_str());  // refuses it by that name
}

std::vector<autograd::Edge> edges_of(const tensor_edge_t* edges, size_t count, const char* name) {
  check(edges != nullptr || count == 0, name, " must not be NULL");
  check_count(count, name);
  std::vector<autograd::Edge> result;
  for (size_t i = 0; i < count; ++i) {
    const auto [handle, output_nr] = edges[i];
    Ref<autograd::Node> node = node_at(handle, name, i);
    check_as(Status::kIndexError, output_nr < node->output_count(), name, "[", i, "].output_nr is ",
             output_nr, ", but the operation of ", node->name(), " has ", node->output_count(),
             " outputs");
    result.push_back({std::move(node), output_nr});
  }
  return result;
}

}  // namespace

tensor_status_t tensor_autograd_backward_edges(const tensor_edge_t* roots, size_t count,
                                               tensor_t* const* grads,
                                               const tensor_backward_options_t* options) {
  return guard([&] {
    const auto from = edges_of(roots, count, "roots");
    const TensorList gradients(grads, grads ? count : 0, "grads", TensorList::Nulls::kUndefined);
    const tensor_backward_options_t given = backward_options_of(options);
    const BackwardSettings settings(given);
    const TensorList inputs(given.inputs, given.input_count, "options.inputs");
    autograd::backward_edges(from, gradients, inputs, settings.options);
  });
}

tensor_status_t tensor_autograd_grad_edges(const tensor_edge_t* outputs, size_t output_count,
                                           const tensor_edge_t* inputs, size_t input_count,
                                           tensor_t* const* grad_outputs,
                                           const tensor_backward_options_t* options,
                                           tensor_t** grads) {
  return guard([&] {
    check_result(grads, "grads");
    const auto from = edges_of(outputs, output_count, "outputs");
    const auto to = edges_of(inputs, input_count, "inputs");
    const TensorList gradients(grad_outputs, grad_outputs ? output_count : 0, "grad_outputs",
                               TensorList::Nulls::kUndefined);
    const BackwardSettings settings(backward_options_of(options));
    new_handles(autograd::grad_edges(from, to, gradients, settings.options), grads);
  });
}
