// A graph as boxes and arrows: what the pictures in DOT, SVG and HTML have in common.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "autograd/node.h"

namespace libtensor {

struct PictureOptions {
  bool show_saved = false;                             // what each node keeps for backward
  std::vector<std::pair<Tensor, std::string>> leaves;  // names of leaves
};

struct Box {
  enum class Kind { kOutput, kOperation, kLeaf };
  Kind kind;
  std::vector<std::string> lines;  // of text
};

struct Arrow {
  size_t from, to;    // boxes
  std::string label;  // which output, where a node has several
};

struct Picture {
  std::vector<Box> boxes;  // outputs first, then nodes as backward runs them
  std::vector<Arrow> arrows;
};

Picture picture_of(std::span<const Tensor> outputs, const PictureOptions& options);

std::string to_dot(const Picture& picture);
std::string to_svg(const Picture& picture);
// A page with the picture inside.
std::string to_html(const Picture& picture);

}  // namespace libtensor
