#include "io/number_format.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace libtensor::io {
namespace {

constexpr int kPrecision = 4;  // digits after the point

// Beyond these, digits at fixed places would hide values or grow long.
constexpr double kLargestRatio = 1000.0;
constexpr double kLargestFixed = 1.0e8;
constexpr double kSmallestFixed = 1.0e-4;

void append_padded(std::string_view text, int width, std::string& out) {
  const int length = static_cast<int>(text.size());
  if (length < width) out.append(width - length, ' ');
  out.append(text);
}

// to_chars rounds exactly (half to even of the binary value, as Python does) and knows no locale.
std::string digits_of(double value, std::chars_format format, int precision) {
  char buffer[512];  // the longest fixed form has 309 digits before the point
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value, format, precision);
  return {buffer, result.ptr};
}

int length_of(int64_t value) {
  char buffer[24];
  return static_cast<int>(std::to_chars(buffer, buffer + sizeof buffer, value).ptr - buffer);
}

}  // namespace

FloatFormat::FloatFormat(const Survey& survey) : notation_(choose_notation(survey)) {
  // Within one sign and notation the text is longest at one of the two extremes.
  const auto make_room = [&](double value) {
    width_ = std::max(width_, static_cast<int>(text_of(value).size()));
  };
  if (!survey.positive_.empty()) {
    make_room(survey.positive_.smallest);
    make_room(survey.positive_.largest);
  }
  if (!survey.negative_.empty()) {
    make_room(-survey.negative_.smallest);
    make_room(-survey.negative_.largest);
  }
}

FloatFormat::Notation FloatFormat::choose_notation(const Survey& survey) {
  const double smallest = std::fmin(survey.negative_.smallest, survey.positive_.smallest);
  const double largest = std::fmax(survey.negative_.largest, survey.positive_.largest);
  if (largest == 0) return Notation::kInteger;
  if (largest / smallest > kLargestRatio || largest > kLargestFixed || smallest < kSmallestFixed) {
    return Notation::kScientific;
  }
  return survey.all_integers_ ? Notation::kInteger : Notation::kFixed;
}

std::string FloatFormat::text_of(double value) const {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  switch (notation_) {
    case Notation::kScientific:
      return digits_of(value, std::chars_format::scientific, kPrecision);
    case Notation::kInteger:
      return digits_of(value, std::chars_format::fixed, 0) + '.';
    case Notation::kFixed:
      break;
  }
  return digits_of(value, std::chars_format::fixed, kPrecision);
}

void FloatFormat::append(double value, std::string& out) const {
  append_padded(text_of(value), width_, out);
}

IntegerFormat::IntegerFormat(const Survey& survey)
    : width_(std::max(length_of(survey.smallest_), length_of(survey.largest_))) {}

void IntegerFormat::append(int64_t value, std::string& out) const {
  append_padded(std::to_string(value), width_, out);
}

void BoolFormat::append(bool value, std::string& out) const {
  append_padded(value ? "True" : "False", width_, out);
}

}  // namespace libtensor::io
