// Looking at graphs: memory held, pictures, and where a derivative fails.
#ifndef TENSOR_CPP_GRAPH_HPP
#define TENSOR_CPP_GRAPH_HPP

#include <string>
#include <utility>
#include <vector>

#include "tensor/anomaly.h"
#include "tensor/cpp/autograd.hpp"
#include "tensor/graph.h"

namespace tensor {
namespace autograd {

// What the graph behind the outputs holds, in bytes; a storage that several nodes share counts
// once.
inline tensor_graph_memory_t graph_memory(const std::vector<Tensor>& outputs) {
  const std::vector<tensor_t*> handles = detail::handles(outputs);
  tensor_graph_memory_t memory = tensor_graph_memory_default();
  detail::check(tensor_graph_memory(handles.data(), handles.size(), &memory));
  return memory;
}

// What to show in a picture: names of leaves, and what is saved.
class PictureOptions {
 public:
  PictureOptions& show_saved(bool value = true) {
    show_saved_ = value;
    return *this;
  }
  PictureOptions& name(const Tensor& leaf, std::string text) {
    leaves_.push_back(leaf);
    names_.push_back(std::move(text));
    return *this;
  }

  std::string draw(decltype(tensor_graph_to_dot)* function,
                   const std::vector<Tensor>& outputs) const {
    const std::vector<tensor_t*> leaves = detail::handles(leaves_),
                                 handles = detail::handles(outputs);
    std::vector<const char*> names;
    for (const std::string& name : names_) names.push_back(name.c_str());
    tensor_graph_picture_options_t raw = tensor_graph_picture_options_default();
    raw.show_saved = show_saved_;
    raw.names = names.data();
    raw.leaves = leaves.data();
    raw.leaf_count = leaves.size();
    size_t length;
    detail::check(function(handles.data(), handles.size(), &raw, nullptr, 0, &length));
    std::string text(length + 1, '\0');
    detail::check(function(handles.data(), handles.size(), &raw, &text[0], text.size(), nullptr));
    text.resize(length);
    return text;
  }

 private:
  bool show_saved_ = false;
  std::vector<Tensor> leaves_;
  std::vector<std::string> names_;
};

// The graph for Graphviz, as an SVG picture, or as an HTML page that needs nothing else.
inline std::string graph_to_dot(const std::vector<Tensor>& outputs,
                                const PictureOptions& options = PictureOptions()) {
  return options.draw(tensor_graph_to_dot, outputs);
}
inline std::string graph_to_svg(const std::vector<Tensor>& outputs,
                                const PictureOptions& options = PictureOptions()) {
  return options.draw(tensor_graph_to_svg, outputs);
}
inline std::string graph_to_html(const std::vector<Tensor>& outputs,
                                 const PictureOptions& options = PictureOptions()) {
  return options.draw(tensor_graph_to_html, outputs);
}

// Anomaly detection while it lives: in the whole process.
class DetectAnomaly {
 public:
  explicit DetectAnomaly(bool check_nan = true) {
    detail::check(tensor_detect_anomaly(&enabled_, &check_nan_));
    detail::check(tensor_set_detect_anomaly(true, check_nan));
  }
  ~DetectAnomaly() { tensor_set_detect_anomaly(enabled_, check_nan_); }
  DetectAnomaly(const DetectAnomaly&) = delete;
  DetectAnomaly& operator=(const DetectAnomaly&) = delete;

 private:
  bool enabled_, check_nan_;
};

// Where in the program this thread is, for the messages of anomaly detection.
inline void set_location(const std::string& text) {
  detail::check(tensor_set_location(text.c_str()));
}

}  // namespace autograd
}  // namespace tensor

#endif  // TENSOR_CPP_GRAPH_HPP
