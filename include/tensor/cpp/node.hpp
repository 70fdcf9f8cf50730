// Nodes of the graph: the operations that backward runs through, and their hooks.
#ifndef TENSOR_CPP_NODE_HPP
#define TENSOR_CPP_NODE_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tensor/cpp/hooks.hpp"
#include "tensor/node.h"

namespace tensor {
namespace autograd {

class Node;
// Where a gradient goes: a node, and which of its outputs.
using Edge = std::pair<Node, uint32_t>;

// A node of the graph, kept alive together with the graph below it; or none. Copies are the same.
class Node {
 public:
  Node() = default;
  explicit Node(tensor_node_t* handle) {  // takes it over
    if (handle) handle_.reset(handle, &tensor_node_release);
  }
  bool defined() const noexcept { return handle_ != nullptr; }
  tensor_node_t* handle() const noexcept { return handle_.get(); }

  // As PyTorch's: "MulBackward0".
  std::string name() const {
    size_t length;
    detail::check(tensor_node_name(handle(), nullptr, 0, &length));
    std::string text(length + 1, '\0');
    detail::check(tensor_node_name(handle(), &text[0], text.size(), nullptr));
    text.resize(length);
    return text;
  }
  // Counts the nodes of a thread in the order they were made.
  uint64_t sequence_nr() const { return read(tensor_node_sequence); }
  bool operator==(const Node& other) const {
    if (!defined() || !other.defined()) return defined() == other.defined();
    return read(tensor_node_id) == other.read(tensor_node_id);
  }
  bool operator!=(const Node& other) const { return !(*this == other); }

  // One edge for each input of the operation; without a node where that needs no gradient.
  std::vector<Edge> next_functions() const;
  // The leaf that an AccumulateGrad adds to; undefined for other nodes.
  Tensor variable() const {
    tensor_t* out;
    detail::check(tensor_node_variable(handle(), &out));
    return Tensor::own(out);
  }

  // Has `hook` called before the node runs, and after it has: it may replace the gradients of the
  // outputs, and those of the inputs, in the first vector that it is given.
  Hook register_prehook(std::function<void(std::vector<Tensor>&)> hook) const;
  Hook register_hook(
      std::function<void(std::vector<Tensor>&, const std::vector<Tensor>&)> hook) const;

 private:
  uint64_t read(tensor_status_t (*function)(const tensor_node_t*, uint64_t*)) const {
    uint64_t out;
    detail::check(function(handle(), &out));
    return out;
  }

  std::shared_ptr<tensor_node_t> handle_;
};

// The node that made the tensor; none for a leaf.
inline Node grad_fn(const Tensor& tensor) {
  tensor_node_t* out;
  detail::check(tensor_grad_fn(tensor.handle(), &out));
  return Node(out);
}

// Its grad_fn, or the AccumulateGrad of a leaf that requires grad.
inline Edge gradient_edge(const Tensor& tensor) {
  tensor_node_t* out;
  uint32_t output_nr = 0;
  detail::check(tensor_gradient_edge(tensor.handle(), &out, &output_nr));
  return Edge(Node(out), output_nr);
}

inline std::vector<Edge> Node::next_functions() const {
  size_t count;
  detail::check(tensor_node_edge_count(handle(), &count));
  std::vector<Edge> edges;
  for (size_t i = 0; i < count; ++i) {
    tensor_node_t* out;
    uint32_t output_nr = 0;
    detail::check(tensor_node_edge(handle(), i, &out, &output_nr));
    edges.push_back(Edge(Node(out), output_nr));
  }
  return edges;
}

}  // namespace autograd

namespace detail {

// Valid as long as the edges are.
inline std::vector<tensor_edge_t> raw_edges(const std::vector<autograd::Edge>& edges) {
  std::vector<tensor_edge_t> result;
  for (const autograd::Edge& edge : edges) result.push_back({edge.first.handle(), edge.second});
  return result;
}

}  // namespace detail

namespace autograd {

// backward and grad from places in the graph, whose tensors need not exist any more, and to
// such places.
inline void backward(const std::vector<Edge>& roots, const std::vector<Tensor>& gradients = {},
                     const BackwardOptions& options = BackwardOptions()) {
  const std::vector<tensor_edge_t> from = detail::raw_edges(roots);
  const std::vector<tensor_t*> given = detail::handles(gradients);
  const tensor_backward_options_t raw = options.raw();
  detail::check(tensor_autograd_backward_edges(
      from.data(), from.size(), detail::gradient_handles(given, from.size(), "backward"), &raw));
}

inline std::vector<Tensor> grad(const std::vector<Edge>& outputs, const std::vector<Edge>& inputs,
                                const std::vector<Tensor>& grad_outputs = {},
                                const BackwardOptions& options = BackwardOptions()) {
  const std::vector<tensor_edge_t> from = detail::raw_edges(outputs),
                                   to = detail::raw_edges(inputs);
  const std::vector<tensor_t*> given = detail::handles(grad_outputs);
  const tensor_backward_options_t raw = options.raw();
  std::vector<tensor_t*> results(to.size(), nullptr);
  detail::check(tensor_autograd_grad_edges(from.data(), from.size(), to.data(), to.size(),
                                           detail::gradient_handles(given, from.size(), "grad"),
                                           &raw, results.data()));
  return detail::owned(results);
}

}  // namespace autograd

namespace detail {

// Lets `change` have the gradients, and gives those that it replaced to the library.
template <class Change>
void replace(tensor_t** handles, size_t count, Change change) {
  const std::vector<Tensor> before = borrowed(handles, count);
  std::vector<Tensor> after = before;
  change(after);
  if (after.size() != count) {
    throw Error(TENSOR_ERROR_INVALID_ARGUMENT, "a hook changed the number of gradients");
  }
  for (size_t i = 0; i < count; ++i) {
    const bool same = after[i].defined() && before[i].defined() && after[i].is_same(before[i]);
    if (!same) handles[i] = given(after[i]);
  }
}

}  // namespace detail

namespace autograd {

inline Hook Node::register_prehook(std::function<void(std::vector<Tensor>&)> hook) const {
  using Callable = std::function<void(std::vector<Tensor>&)>;
  std::unique_ptr<Callable> user(new Callable(std::move(hook)));
  tensor_hook_t* out;
  detail::check(tensor_node_register_prehook(
      handle(),
      [](void* held, tensor_t** gradients, size_t count) -> tensor_status_t {
        return detail::callback(
            [&] { detail::replace(gradients, count, *static_cast<Callable*>(held)); });
      },
      user.release(), &detail::destroy<Callable>, &out));
  return Hook(out);
}

inline Hook Node::register_hook(
    std::function<void(std::vector<Tensor>&, const std::vector<Tensor>&)> hook) const {
  using Callable = std::function<void(std::vector<Tensor>&, const std::vector<Tensor>&)>;
  std::unique_ptr<Callable> user(new Callable(std::move(hook)));
  tensor_hook_t* out;
  detail::check(tensor_node_register_hook(
      handle(),
      [](void* held, tensor_t** grad_inputs, size_t input_count, tensor_t* const* grad_outputs,
         size_t output_count) -> tensor_status_t {
        return detail::callback([&] {
          const std::vector<Tensor> outputs = detail::borrowed(grad_outputs, output_count);
          detail::replace(grad_inputs, input_count, [&](std::vector<Tensor>& gradients) {
            (*static_cast<Callable*>(held))(gradients, outputs);
          });
        });
      },
      user.release(), &detail::destroy<Callable>, &out));
  return Hook(out);
}

}  // namespace autograd
}  // namespace tensor

#endif  // TENSOR_CPP_NODE_HPP
