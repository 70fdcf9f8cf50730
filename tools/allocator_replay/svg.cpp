#include "svg.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace replay {
namespace {

constexpr double kWidth = 1000, kHeight = 400, kLeft = 80, kTop = 40, kBottom = 40;
constexpr size_t kColumns = 1000;  // each shows the most of its events
constexpr double kGiB = 1 << 30;

struct Curve {
  const char* name;
  const char* colour;
  size_t Sample::*value;
};
constexpr Curve kCurves[] = {{"reserved", "#c8d6e5", &Sample::reserved},
                             {"active", "#5b8db8", &Sample::active},
                             {"live", "#1b3a57", &Sample::live}};

void draw(std::ostream& out, const std::vector<Sample>& samples, const Curve& curve, double top) {
  const size_t columns = std::min(kColumns, samples.size());
  out << "<polygon fill='" << curve.colour << "' points='" << kLeft << "," << kTop + kHeight;
  for (size_t column = 0; column < columns; ++column) {
    const size_t begin = column * samples.size() / columns;
    const size_t end = (column + 1) * samples.size() / columns;
    size_t most = 0;
    for (size_t i = begin; i < end; ++i) most = std::max(most, samples[i].*curve.value);
    const double y = kTop + kHeight * (1 - static_cast<double>(most) / top);
    const double width = kWidth / static_cast<double>(columns);
    const double x = kLeft + width * static_cast<double>(column);
    out << " " << x << "," << y << " " << x + width << "," << y;
  }
  out << " " << kLeft + kWidth << "," << kTop + kHeight << "'/>\n";
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

}  // namespace

void write_svg(const std::string& path, const Trace& trace, const std::vector<Sample>& samples) {
  std::ofstream out(path);
  size_t most = 1;
  for (const Sample& sample : samples) most = std::max(most, sample.reserved);
  const double top = static_cast<double>(most);
  out << "<svg xmlns='http://www.w3.org/2000/svg' width='" << kLeft + kWidth + 20 << "' height='"
      << kTop + kHeight + kBottom << "' font-family='sans-serif' font-size='13'>\n"
      << "<rect width='100%' height='100%' fill='white'/>\n";
  out << "<text x='" << kLeft << "' y='24'>" << escaped(trace.name) << ", " << samples.size()
      << " events</text>\n";
  double x = kLeft + 420;
  for (const Curve& curve : kCurves) {
    draw(out, samples, curve, top);
    out << "<rect x='" << x << "' y='12' width='14' height='14' fill='" << curve.colour << "'/>"
        << "<text x='" << x + 20 << "' y='24'>" << curve.name << "</text>\n";
    x += 100;
  }
  for (int tick = 0; tick <= 4; ++tick) {
    const double y = kTop + kHeight * (1 - tick / 4.0);
    char text[32];
    snprintf(text, sizeof text, "%.2f GiB", top / kGiB * tick / 4);
    out << "<text x='" << kLeft - 6 << "' y='" << y + 4 << "' text-anchor='end'>" << text
        << "</text>\n";
  }
  out << "</svg>\n";
  out.flush();
  if (!out) throw std::runtime_error(path + ": " + std::strerror(errno));
}

}  // namespace replay
