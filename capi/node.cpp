#include "tensor/node.h"

#include "arguments.h"
#include "autograd/accumulate_grad.h"
#include "autograd/history.h"
#include "firewall.h"
#include "node_handle.h"

using namespace libtensor;
using namespace libtensor::capi;

tensor_status_t tensor_grad_fn(const tensor_t* t, tensor_node_t** out) {
  return guard([&] {
    check_result(out, "out");
    *out = new_node_handle(autograd::grad_fn(tensor_of(t, "t")));
  });
}

tensor_status_t tensor_gradient_edge(const tensor_t* t, tensor_node_t** out, uint32_t* output_nr) {
  return guard([&] {
    check_result(out, "out");
    const autograd::Edge edge = autograd::gradient_edge(tensor_of(t, "t"));
    *out = new_node_handle(edge.node);
    if (output_nr) *output_nr = edge.output_nr;
  });
}

tensor_status_t tensor_node_retain(tensor_node_t* node, tensor_node_t** out) {
  return guard([&] {
    check_result(out, "out");
    *out = new_node_handle(node_of(node, "node"));
  });
}

tensor_status_t tensor_node_release(tensor_node_t* node) {
  return guard([&] { release_object(node, "node"); });
}

tensor_status_t tensor_node_id(const tensor_node_t* node, uint64_t* out) {
  return guard([&] {
    check_result(out, "out");
    *out = reinterpret_cast<uint64_t>(node_of(node, "node").get());
  });
}

tensor_status_t tensor_node_name(const tensor_node_t* node, char* buffer, size_t capacity,
                                 size_t* length) {
  return guard([&] { copy_string(node_of(node, "node")->name(), buffer, capacity, length); });
}

tensor_status_t tensor_node_sequence(const tensor_node_t* node, uint64_t* out) {
  return guard([&] {
    check_result(out, "out");
    *out = node_of(node, "node")->sequence();
  });
}

tensor_status_t tensor_node_edge_count(const tensor_node_t* node, size_t* out) {
  return guard([&] {
    check_result(out, "out");
    *out = node_of(node, "node")->edges().size();
  });
}

tensor_status_t tensor_node_edge(const tensor_node_t* node, size_t index, tensor_node_t** out,
                                 uint32_t* output_nr) {
  return guard([&] {
    check_result(out, "out");
    const Ref<autograd::Node> from = node_of(node, "node");
    check_as(Status::kIndexError, index < from->edges().size(), "index ", index,
             " is out of range: ", from->name(), " has ", from->edges().size(), " edges");
    const autograd::Edge& edge = from->edges()[index];
    *out = new_node_handle(edge.node);
    if (output_nr) *output_nr = edge.output_nr;
  });
}

tensor_status_t tensor_node_variable(const tensor_node_t* node, tensor_t** out) {
  return guard([&] {
    check_result(out, "out");
    const Ref<autograd::Node> found = node_of(node, "node");
    const auto* accumulator = dynamic_cast<const autograd::AccumulateGrad*>(found.get());
    const Tensor leaf = accumulator ? accumulator->leaf() : Tensor();
    *out = leaf.defined() ? new_handle(leaf) : nullptr;
  });
}
