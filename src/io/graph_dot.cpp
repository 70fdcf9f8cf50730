#include "core/error.h"
#include "io/graph_picture.h"

namespace libtensor {
namespace {

// Between quotes in DOT.
std::string quoted(const std::vector<std::string>& lines) {
  std::string text = "\"";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += "\\n";
    for (char c : lines[i]) {
      if (c == '"' || c == '\\') text += '\\';
      text += c == '\n' ? ' ' : c;
    }
  }
  return text + "\"";
}

const char* style_of(Box::Kind kind) {
  switch (kind) {
    case Box::Kind::kOutput:
      return "shape=box, style=\"rounded,filled\", fillcolor=\"#fde9c8\"";
    case Box::Kind::kLeaf:
      return "shape=box, style=\"rounded,filled\", fillcolor=\"#d6ecd2\"";
    default:
      return "shape=box, style=filled, fillcolor=\"#e3e8f4\"";
  }
}

}  // namespace

std::string to_dot(const Picture& picture) {
  std::string text = "digraph {\n  node [fontname=\"sans-serif\", fontsize=11];\n";
  for (size_t i = 0; i < picture.boxes.size(); ++i) {
    const Box& box = picture.boxes[i];
    text += str("  n", i, " [label=", quoted(box.lines), ", ", style_of(box.kind), "];\n");
  }
  for (const Arrow& arrow : picture.arrows) {
    text += str("  n", arrow.from, " -> n", arrow.to);
    if (!arrow.label.empty()) text += str(" [label=", quoted({arrow.label}), "]");
    text += ";\n";
  }
  return text + "}\n";
}

}  // namespace libtensor
