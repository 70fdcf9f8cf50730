// How the elements of one printed tensor are written. A survey looks at every element that will be
// shown; from it follows one notation and one width for all of them.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

namespace libtensor::io {

// Floating-point elements: 1.5000, 1.5000e+00, or 1. where all of them are integers.
class FloatFormat {
 public:
  using Value = double;

  // Keeps the extremes of the finite, nonzero values: the others do not take part in the decision.
  class Survey {
   public:
    void add(double value) {
      if (value == 0 || !std::isfinite(value)) return;
      (std::signbit(value) ? negative_ : positive_).add(std::fabs(value));
      all_integers_ = all_integers_ && value == std::ceil(value);
    }

   private:
    friend class FloatFormat;
    struct Magnitudes {
      double smallest = std::numeric_limits<double>::infinity();
      double largest = 0;

      bool empty() const { return largest == 0; }
      void add(double magnitude) {
        smallest = std::fmin(smallest, magnitude);
        largest = std::fmax(largest, magnitude);
      }
    };

    Magnitudes negative_, positive_;
    bool all_integers_ = true;
  };

  explicit FloatFormat(const Survey& survey);
  int width() const { return width_; }
  // Appends `value`, padded on the left to width().
  void append(double value, std::string& out) const;

 private:
  enum class Notation { kFixed, kScientific, kInteger };

  static Notation choose_notation(const Survey& survey);
  std::string text_of(double value) const;

  Notation notation_;
  int width_ = 1;
};

class IntegerFormat {
 public:
  using Value = int64_t;

  class Survey {
   public:
    void add(int64_t value) {
      smallest_ = value < smallest_ ? value : smallest_;
      largest_ = value > largest_ ? value : largest_;
    }

   private:
    friend class IntegerFormat;
    int64_t smallest_ = std::numeric_limits<int64_t>::max();
    int64_t largest_ = std::numeric_limits<int64_t>::min();
  };

  explicit IntegerFormat(const Survey& survey);
  int width() const { return width_; }
  void append(int64_t value, std::string& out) const;

 private:
  int width_ = 1;
};

// True and False.
class BoolFormat {
 public:
  using Value = bool;

  class Survey {
   public:
    void add(bool value) { any_false_ = any_false_ || !value; }

   private:
    friend class BoolFormat;
    bool any_false_ = false;
  };

  explicit BoolFormat(const Survey& survey) : width_(survey.any_false_ ? 5 : 4) {}
  int width() const { return width_; }
  void append(bool value, std::string& out) const;

 private:
  int width_;
};

}  // namespace libtensor::io
