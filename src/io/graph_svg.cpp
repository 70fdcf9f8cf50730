#include <cstdlib>

#include "core/error.h"
#include "io/graph_layout.h"

namespace libtensor {
namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) {
    switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

// With one decimal place, whatever the host's locale.
std::string number(double value) {
  const auto tenths = static_cast<long long>(value * 10 + (value < 0 ? -0.5 : 0.5));
  return str(tenths < 0 ? "-" : "", std::abs(tenths) / 10, ".", std::abs(tenths) % 10);
}

const char* class_of(Box::Kind kind) {
  switch (kind) {
    case Box::Kind::kOutput:
      return "output";
    case Box::Kind::kLeaf:
      return "leaf";
    default:
      return "operation";
  }
}

std::string box_text(const Box& box, const PlacedBox& place) {
  const double left = place.centre.x - place.width / 2, top = place.centre.y - place.height / 2;
  std::string text =
      str("<g class=\"", class_of(box.kind), "\"><rect x=\"", number(left), "\" y=\"", number(top),
          "\" width=\"", number(place.width), "\" height=\"", number(place.height), "\" rx=\"",
          box.kind == Box::Kind::kOperation ? 2 : 10, "\"/>");
  double y = top + kLineHeight;
  for (const std::string& line : box.lines) {
    text += str("<text x=\"", number(place.centre.x), "\" y=\"", number(y), "\">", escaped(line),
                "</text>");
    y += kLineHeight;
  }
  return text + "</g>\n";
}

// A smooth line through the points, upright at each.
std::string arrow_text(const Arrow& arrow, const std::vector<Point>& points) {
  std::string path = str("M", number(points[0].x), ",", number(points[0].y));
  for (size_t i = 1; i < points.size(); ++i) {
    const double middle = (points[i - 1].y + points[i].y) / 2;
    path += str(" C", number(points[i - 1].x), ",", number(middle), " ", number(points[i].x), ",",
                number(middle), " ", number(points[i].x), ",", number(points[i].y));
  }
  std::string text = str("<path d=\"", path, "\" marker-end=\"url(#tip)\"/>");
  if (!arrow.label.empty()) {
    const Point& end = points.back();
    text += str("<text class=\"label\" x=\"", number(end.x + 8), "\" y=\"", number(end.y - 8),
                "\">", escaped(arrow.label), "</text>");
  }
  return text + "\n";
}

constexpr const char* kStyle =
    "<style>\n"
    "text{font:12px ui-monospace,Menlo,Consolas,monospace;text-anchor:middle;fill:#1c2330}\n"
    "rect{stroke:#5a6b8c;stroke-width:1}\n"
    "path{fill:none;stroke:#5a6b8c;stroke-width:1.2}\n"
    ".operation rect{fill:#e3e8f4}.leaf rect{fill:#d6ecd2}.output rect{fill:#fde9c8}\n"
    ".label{font-size:10px}\n"
    "</style>\n"
    "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
    "markerHeight=\"7\" orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" "
    "style=\"fill:#5a6b8c;stroke:none\"/></marker></defs>\n";

}  // namespace

std::string to_svg(const Picture& picture) {
  const Layout layout = layout_of(picture);
  const std::string width = number(layout.width), height = number(layout.height);
  std::string text =
      str("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", width, "\" height=\"", height,
          "\" viewBox=\"0 0 ", width, " ", height, "\">\n", kStyle);
  for (size_t i = 0; i < picture.arrows.size(); ++i) {
    text += arrow_text(picture.arrows[i], layout.arrows[i]);
  }
  for (size_t i = 0; i < picture.boxes.size(); ++i) {
    text += box_text(picture.boxes[i], layout.boxes[i]);
  }
  return text + "</svg>\n";
}

std::string to_html(const Picture& picture) {
  return str(
      "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Graph</title>\n"
      "<style>body{margin:0;background:#fff}svg{display:block;margin:auto}</style></head>\n"
      "<body>\n",
      to_svg(picture), "</body></html>\n");
}

}  // namespace libtensor
