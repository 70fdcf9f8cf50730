#include "tensor/graph.h"

#include <algorithm>
#include <cstddef>

#include "arguments.h"
#include "autograd/graph_info.h"
#include "autograd/history.h"
#include "autograd/saved_tensor.h"
#include "firewall.h"
#include "io/graph_picture.h"
#include "node_handle.h"

using namespace libtensor;
using namespace libtensor::capi;

static_assert(offsetof(tensor_graph_memory_t, saved_bytes) == 40 &&
              sizeof(tensor_graph_memory_t) == 48);
static_assert(offsetof(tensor_graph_picture_options_t, names) == 16 &&
              offsetof(tensor_graph_picture_options_t, leaf_count) == 32 &&
              sizeof(tensor_graph_picture_options_t) == 40);

namespace {

using autograd::Node;

std::vector<Ref<Node>> nodes_behind(std::span<const Tensor> outputs) {
  std::vector<Ref<Node>> roots;
  for (const Tensor& output : outputs) {
    if (Ref<Node> node = autograd::gradient_edge(output).node) roots.push_back(std::move(node));
  }
  return autograd::nodes_below(roots);
}

void write_memory(const autograd::GraphMemory& memory, tensor_graph_memory_t* out) {
  check_result(out, "memory");
  check(out->struct_size >= sizeof(tensor_graph_memory_t), "memory.struct_size is ",
        out->struct_size, ": start from tensor_graph_memory_default()");
  *out = {out->struct_size,     memory.nodes,          memory.node_bytes,
          memory.saved_tensors, memory.saved_storages, memory.saved_bytes};
}

struct Saved {
  const char* name;
  const autograd::SavedTensor* tensor;
};

Saved saved_at(const Node& node, size_t index) {
  std::vector<Saved> all;
  node.visit_saved([&](const char* name, const autograd::SavedTensor& saved) {
    all.push_back({name, &saved});
  });
  check_as(Status::kIndexError, index < all.size(), "index ", index,
           " is out of range: ", node.name(), " has ", all.size(), " places for saved tensors");
  return all[index];
}

PictureOptions picture_options(const tensor_graph_picture_options_t* options) {
  PictureOptions result;
  if (!options) return result;
  check(options->struct_size >= sizeof(tensor_graph_picture_options_t), "options.struct_size is ",
        options->struct_size, ": start from tensor_graph_picture_options_default()");
  result.show_saved = options->show_saved;
  check(options->names || options->leaf_count == 0, "options.names must not be NULL");
  check(options->leaves || options->leaf_count == 0, "options.leaves must not be NULL");
  for (size_t i = 0; i < options->leaf_count; ++i) {
    check(options->names[i] != nullptr, "options.names must not hold NULL");
    result.leaves.push_back({tensor_of(options->leaves[i], "options.leaves"), options->names[i]});
  }
  return result;
}

tensor_status_t write_picture(std::string (*to_text)(const Picture&), tensor_t* const* outputs,
                              size_t output_count, const tensor_graph_picture_options_t* options,
                              char* buffer, size_t capacity, size_t* length) {
  return guard([&] {
    const TensorList roots(outputs, output_count, "outputs");
    copy_string(to_text(picture_of(roots, picture_options(options))), buffer, capacity, length);
  });
}

}  // namespace

tensor_status_t tensor_graph_nodes(tensor_t* const* outputs, size_t output_count,
                                   tensor_node_t** nodes, size_t capacity, size_t* count) {
  return guard([&] {
    const TensorList roots(outputs, output_count, "outputs");
    check_room(nodes, capacity, "nodes");
    check_result(count, "count");
    const std::vector<Ref<Node>> found = nodes_behind(roots);
    std::vector<tensor_node_t*> handles(std::min(capacity, found.size()), nullptr);
    try {
      for (size_t i = 0; i < handles.size(); ++i) handles[i] = new_node_handle(found[i]);
    } catch (...) {
      for (tensor_node_t* handle : handles) release_object(handle, "node");
      throw;
    }
    std::copy(handles.begin(), handles.end(), nodes);
    *count = found.size();
  });
}

tensor_status_t tensor_node_saved_count(const tensor_node_t* node, size_t* out) {
  return guard([&] {
    check_result(out, "out");
    size_t count = 0;
    node_of(node, "node")->visit_saved([&](const char*, const auto&) { ++count; });
    *out = count;
  });
}

tensor_status_t tensor_node_saved_name(const tensor_node_t* node, size_t index, char* buffer,
                                       size_t capacity, size_t* length) {
  return guard(
      [&] { copy_string(saved_at(*node_of(node, "node"), index).name, buffer, capacity, length); });
}

tensor_status_t tensor_node_saved_tensor(const tensor_node_t* node, size_t index, tensor_t** out) {
  return guard([&] {
    check_result(out, "out");
    const Ref<Node> owner = node_of(node, "node");
    const Tensor saved = saved_at(*owner, index).tensor->unpack(*owner);
    *out = saved.defined() ? new_handle(saved) : nullptr;
  });
}

tensor_status_t tensor_node_memory(const tensor_node_t* node, tensor_graph_memory_t* memory) {
  return guard([&] {
    const Ref<Node> found = node_of(node, "node");
    write_memory(autograd::memory_of({&found, 1}), memory);
  });
}

tensor_status_t tensor_graph_memory(tensor_t* const* outputs, size_t output_count,
                                    tensor_graph_memory_t* memory) {
  return guard([&] {
    const TensorList roots(outputs, output_count, "outputs");
    write_memory(autograd::memory_of(nodes_behind(roots)), memory);
  });
}

tensor_status_t tensor_graph_to_dot(tensor_t* const* outputs, size_t output_count,
                                    const tensor_graph_picture_options_t* options, char* buffer,
                                    size_t capacity, size_t* length) {
  return write_picture(to_dot, outputs, output_count, options, buffer, capacity, length);
}

tensor_status_t tensor_graph_to_svg(tensor_t* const* outputs, size_t output_count,
                                    const tensor_graph_picture_options_t* options, char* buffer,
                                    size_t capacity, size_t* length) {
  return write_picture(to_svg, outputs, output_count, options, buffer, capacity, length);
}

tensor_status_t tensor_graph_to_html(tensor_t* const* outputs, size_t output_count,
                                     const tensor_graph_picture_options_t* options, char* buffer,
                                     size_t capacity, size_t* length) {
  return write_picture(to_html, outputs, output_count, options, buffer, capacity, length);
}
