// Where the boxes and arrows of a picture go.
#pragma once

#include "io/graph_picture.h"

namespace libtensor {

struct Point {
  double x = 0, y = 0;
};

struct PlacedBox {
  Point centre;
  double width = 0, height = 0;
};

// Sizes are in units of an SVG picture: about a pixel.
struct Layout {
  double width = 0, height = 0;
  std::vector<PlacedBox> boxes;            // as the picture's
  std::vector<std::vector<Point>> arrows;  // as the picture's: from box to box, around others
};

inline constexpr double kLineHeight = 16, kCharacterWidth = 7.2;

// The layered drawing of K. Sugiyama, S. Tagawa, M. Toda, "Methods for visual understanding of
// hierarchical system structures", IEEE Trans. SMC 11(2), 1981: each box in the layer of its
// longest path from the top, arrows over several layers held in place by a point in each, and the
// order within a layer by the mean place of the neighbours, from the top and from the bottom in
// turn.
Layout layout_of(const Picture& picture);

}  // namespace libtensor
