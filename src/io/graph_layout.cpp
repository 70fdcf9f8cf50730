#include "io/graph_layout.h"

#include <algorithm>

namespace libtensor {
namespace {

constexpr double kMargin = 16, kGapX = 24, kGapY = 44, kPadding = 10;
constexpr int kSweeps = 8;

// A box, or a point where an arrow crosses a layer.
struct Item {
  size_t layer = 0;
  double width = 4, height = 0;
  double x = 0;
  std::vector<size_t> above, below;
};

class Layering {
 public:
  explicit Layering(const Picture& picture) : picture_(picture) {
    place_boxes();
    route_arrows();
    fill_layers();
    for (int sweep = 0; sweep < kSweeps; ++sweep) order(sweep % 2 == 0);
    spread();
  }

  Layout result() const {
    Layout layout;
    layout.width = width_;
    layout.height = height_;
    for (size_t i = 0; i < picture_.boxes.size(); ++i) {
      layout.boxes.push_back({centre(i), items_[i].width, items_[i].height});
    }
    for (const std::vector<size_t>& route : routes_) {
      std::vector<Point> points;
      for (size_t item : route) points.push_back(centre(item));
      points.front().y += items_[route.front()].height / 2;
      points.back().y -= items_[route.back()].height / 2;
      layout.arrows.push_back(std::move(points));
    }
    return layout;
  }

 private:
  // Boxes come before those that their arrows lead to, so one walk finds the longest paths.
  void place_boxes() {
    for (const Box& box : picture_.boxes) {
      size_t longest = 0;
      for (const std::string& line : box.lines) longest = std::max(longest, line.size());
      Item item;
      item.width = kCharacterWidth * static_cast<double>(longest) + 2 * kPadding;
      item.height = kLineHeight * static_cast<double>(box.lines.size()) + kPadding;
      items_.push_back(item);
    }
    std::vector<std::vector<size_t>> below(items_.size());
    for (const Arrow& arrow : picture_.arrows) below[arrow.from].push_back(arrow.to);
    for (size_t from = 0; from < below.size(); ++from) {
      for (size_t to : below[from]) {
        items_[to].layer = std::max(items_[to].layer, items_[from].layer + 1);
      }
    }
  }

  void route_arrows() {
    for (const Arrow& arrow : picture_.arrows) {
      std::vector<size_t> route{arrow.from};
      for (size_t layer = items_[arrow.from].layer + 1; layer < items_[arrow.to].layer; ++layer) {
        route.push_back(items_.size());
        Item point;
        point.layer = layer;
        items_.push_back(point);
      }
      route.push_back(arrow.to);
      for (size_t i = 0; i + 1 < route.size(); ++i) {
        items_[route[i]].below.push_back(route[i + 1]);
        items_[route[i + 1]].above.push_back(route[i]);
      }
      routes_.push_back(std::move(route));
    }
  }

  void fill_layers() {
    for (size_t i = 0; i < items_.size(); ++i) {
      layers_.resize(std::max(layers_.size(), items_[i].layer + 1));
      layers_[items_[i].layer].push_back(i);
    }
    for (auto& layer : layers_) number(layer);
  }

  // Each item at the place that its position in the layer gives it.
  void number(const std::vector<size_t>& layer) {
    double x = 0;
    for (size_t item : layer) {
      items_[item].x = x + items_[item].width / 2;
      x += items_[item].width + kGapX;
    }
  }

  double mean_x(const std::vector<size_t>& neighbours, double otherwise) const {
    if (neighbours.empty()) return otherwise;
    double sum = 0;
    for (size_t item : neighbours) sum += items_[item].x;
    return sum / static_cast<double>(neighbours.size());
  }

  void order(bool down) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      auto& layer = layers_[down ? i : layers_.size() - 1 - i];
      std::vector<std::pair<double, size_t>> wanted;
      for (size_t item : layer) {
        const auto& neighbours = down ? items_[item].above : items_[item].below;
        wanted.push_back({mean_x(neighbours, items_[item].x), item});
      }
      std::stable_sort(wanted.begin(), wanted.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      for (size_t n = 0; n < layer.size(); ++n) layer[n] = wanted[n].second;
      number(layer);
    }
  }

  // Pulls items towards their neighbours without a change of order, then finds the extent.
  void spread() {
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (size_t i = 0; i < layers_.size(); ++i) {
        align(layers_[down ? i : layers_.size() - 1 - i], down);
      }
    }
    double left = items_.empty() ? 0 : items_[0].x, right = left, y = kMargin;
    for (const Item& item : items_) {
      left = std::min(left, item.x - item.width / 2);
      right = std::max(right, item.x + item.width / 2);
    }
    for (Item& item : items_) item.x += kMargin - left;
    width_ = right - left + 2 * kMargin;
    for (const auto& layer : layers_) {
      double height = 0;
      for (size_t item : layer) height = std::max(height, items_[item].height);
      middles_.push_back(y + height / 2);
      y += height + kGapY;
    }
    height_ = y - kGapY + kMargin;
  }

  void align(const std::vector<size_t>& layer, bool down) {
    std::vector<double> wanted;
    for (size_t item : layer) {
      const Item& own = items_[item];
      wanted.push_back(mean_x(down ? own.above : own.below, own.x));
    }
    // Keep distances: first from the left, then what stands too far right is pulled back.
    double shift = 0;
    std::vector<double> placed(layer.size());
    double edge = -1e300;
    for (size_t i = 0; i < layer.size(); ++i) {
      const double half = items_[layer[i]].width / 2;
      placed[i] = std::max(wanted[i], edge + half);
      edge = placed[i] + half + kGapX;
      shift += wanted[i] - placed[i];
    }
    shift /= static_cast<double>(layer.size());
    for (size_t i = 0; i < layer.size(); ++i) items_[layer[i]].x = placed[i] + shift;
  }

  Point centre(size_t item) const { return {items_[item].x, middles_[items_[item].layer]}; }

  const Picture& picture_;
  std::vector<Item> items_;  // the boxes, then the points
  std::vector<std::vector<size_t>> routes_, layers_;
  std::vector<double> middles_;
  double width_ = 0, height_ = 0;
};

}  // namespace

Layout layout_of(const Picture& picture) { return Layering(picture).result(); }

}  // namespace libtensor
