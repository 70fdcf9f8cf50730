// A plain model of a tensor: shared memory of doubles, a shape, and the place of every element.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "support/tensors.h"

namespace test {

// What an element of a dtype keeps of a whole number.
inline double kept(tensor_dtype_t dtype, double value) {
  if (dtype != TENSOR_UINT8) return value;
  const double wrapped = std::fmod(value, 256);
  return wrapped < 0 ? wrapped + 256 : wrapped;
}

struct Memory {
  std::vector<double> elements;
  uint32_t version = 0;
};

struct Model {
  tensor_dtype_t dtype;
  Shape shape;
  std::shared_ptr<Memory> memory;
  std::vector<size_t> places;  // of the elements in row-major order

  static Model fresh(tensor_dtype_t dtype, Shape shape, std::vector<double> elements) {
    Model model{dtype, std::move(shape), std::make_shared<Memory>(),
                std::vector<size_t>(elements.size())};
    for (size_t i = 0; i < elements.size(); ++i) {
      model.places[i] = i;
      elements[i] = kept(dtype, elements[i]);
    }
    model.memory->elements = std::move(elements);
    return model;
  }

  size_t numel() const { return places.size(); }
  int ndim() const { return static_cast<int>(shape.size()); }
  double at(size_t i) const { return memory->elements[places[i]]; }
  void set(size_t i, double value) { memory->elements[places[i]] = kept(dtype, value); }
  std::vector<double> values() const {
    std::vector<double> result;
    for (size_t i = 0; i < numel(); ++i) result.push_back(at(i));
    return result;
  }
  // Is no element in memory twice?
  bool is_unique() const {
    std::vector<size_t> sorted = places;
    std::sort(sorted.begin(), sorted.end());
    return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  }

  // The view whose element at an index is this one's at source(index).
  Model view(const Shape& new_shape, const std::function<Shape(const Shape&)>& source) const {
    Model result{dtype, new_shape, memory, {}};
    for_each_index(new_shape, [&](const Shape& index) {
      result.places.push_back(places[position(shape, source(index))]);
    });
    return result;
  }

  static size_t position(const Shape& shape, const Shape& index) {
    size_t position = 0;
    for (size_t d = 0; d < shape.size(); ++d) {
      position = position * static_cast<size_t>(shape[d]) + static_cast<size_t>(index[d]);
    }
    return position;
  }
  static void for_each_index(const Shape& shape, const std::function<void(const Shape&)>& body) {
    size_t count = 1;
    for (int64_t size : shape) count *= static_cast<size_t>(size);
    Shape index(shape.size(), 0);
    for (size_t i = 0; i < count; ++i) {
      body(index);
      for (size_t d = shape.size(); d-- > 0;) {
        if (++index[d] < shape[d]) break;
        index[d] = 0;
      }
    }
  }
};

inline std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()));
  for (size_t i = 1; i <= result.size(); ++i) {
    const int64_t x = i <= a.size() ? a[a.size() - i] : 1, y = i <= b.size() ? b[b.size() - i] : 1;
    if (x != y && x != 1 && y != 1) return std::nullopt;
    result[result.size() - i] = x == 1 ? y : x;
  }
  return result;
}

inline Model expanded(const Model& model, const Shape& target) {
  const size_t lead = target.size() - model.shape.size();
  return model.view(target, [&](const Shape& index) {
    Shape source(index.begin() + static_cast<int64_t>(lead), index.end());
    for (size_t d = 0; d < source.size(); ++d) {
      if (model.shape[d] == 1) source[d] = 0;
    }
    return source;
  });
}

}  // namespace test
