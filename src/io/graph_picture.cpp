#include "io/graph_picture.h"

#include <unordered_map>

#include "autograd/accumulate_grad.h"
#include "autograd/graph_info.h"
#include "autograd/history.h"
#include "autograd/saved_tensor.h"
#include "core/error.h"
#include "core/in_use.h"

namespace libtensor {
namespace {

using autograd::AccumulateGrad;
using autograd::Node;

std::string shape_text(const TensorImpl& tensor) {
  return str(name_of(tensor.dtype), " ", tensor.shape);
}

std::string bytes_text(size_t bytes) {
  if (bytes < 10 * 1024) return str(bytes, " B");
  if (bytes < 10 * 1024 * 1024) return str(bytes / 1024, " KiB");
  return str(bytes / (1024 * 1024), " MiB");
}

Box leaf_box(const Tensor& leaf, const PictureOptions& options) {
  Box box{Box::Kind::kLeaf, {}};
  if (!leaf.defined()) return box;
  const UseScope scope;
  use(leaf, "a leaf");
  for (const auto& [tensor, name] : options.leaves) {
    if (tensor.is_same(leaf)) box.lines.push_back(name);
  }
  box.lines.push_back(shape_text(*leaf.impl()));
  return box;
}

Box node_box(const Node& node, const PictureOptions& options) {
  if (const auto* accumulator = dynamic_cast<const AccumulateGrad*>(&node)) {
    return leaf_box(accumulator->leaf(), options);
  }
  Box box{Box::Kind::kOperation, {node.name()}};
  if (!options.show_saved) return box;
  node.visit_saved([&](const char* name, const autograd::SavedTensor& saved) {
    const UseScope scope;
    const SavedRef tensor = saved.held();
    if (!tensor) return;
    box.lines.push_back(
        str(name, ": ", shape_text(*tensor.get()), ", ", bytes_text(tensor->storage->bytes())));
  });
  return box;
}

}  // namespace

Picture picture_of(std::span<const Tensor> outputs, const PictureOptions& options) {
  Picture picture;
  std::vector<autograd::Edge> roots;
  std::vector<Ref<Node>> tops;
  for (const Tensor& output : outputs) {
    roots.push_back(autograd::gradient_edge(output));
    if (roots.back().node) tops.push_back(roots.back().node);
    picture.boxes.push_back({Box::Kind::kOutput, {"output", shape_text(*output.impl())}});
  }
  std::unordered_map<const Node*, size_t> place;
  const std::vector<Ref<Node>> nodes = autograd::nodes_below(tops);
  for (const Ref<Node>& node : nodes) {
    place[node.get()] = picture.boxes.size();
    picture.boxes.push_back(node_box(*node, options));
  }
  const auto draw = [&](size_t from, const autograd::Edge& edge) {
    if (!edge.node) return;
    const bool several = edge.node->output_count() > 1;
    picture.arrows.push_back(
        {from, place.at(edge.node.get()), several ? str(edge.output_nr) : std::string()});
  };
  for (size_t i = 0; i < roots.size(); ++i) draw(i, roots[i]);
  for (const Ref<Node>& node : nodes) {
    for (const autograd::Edge& edge : node->edges()) draw(place[node.get()], edge);
  }
  return picture;
}

}  // namespace libtensor
