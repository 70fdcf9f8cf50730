// Reverse differentiation one number at a time: slow, and plainly correct.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace test {

class ScalarTape {
 public:
  size_t constant(double value) { return add({value, 0, 0, 0, 0}); }
  // A number computed from one or two others, with its derivatives by them.
  size_t unary(size_t a, double value, double by_a) { return add({value, a, by_a, 0, 0}); }
  size_t binary(size_t a, size_t b, double value, double by_a, double by_b) {
    return add({value, a, by_a, b, by_b});
  }
  double value(size_t entry) const { return entries_[entry].value; }

  // d sum(weight * entry) / d every entry.
  std::vector<double> gradients(const std::vector<std::pair<size_t, double>>& roots) const {
    std::vector<double> result(entries_.size(), 0.0);
    for (const auto& [entry, weight] : roots) result[entry] += weight;
    for (size_t i = entries_.size(); i-- > 0;) {
      if (result[i] == 0) continue;
      const Entry& entry = entries_[i];
      // Each entry comes after those that it was computed from.
      if (entry.by_a != 0) result[entry.a] += result[i] * entry.by_a;
      if (entry.by_b != 0) result[entry.b] += result[i] * entry.by_b;
    }
    return result;
  }

 private:
  struct Entry {
    double value;
    size_t a;
    double by_a;
    size_t b;
    double by_b;
  };
  size_t add(Entry entry) {
    entries_.push_back(entry);
    return entries_.size() - 1;
  }

  std::vector<Entry> entries_;
};

}  // namespace test
