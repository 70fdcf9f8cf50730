#include "report.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace cuda_emulator {
namespace {

constexpr size_t kMaxReports = 200;
constexpr int kExitStatus = 66;

std::vector<std::string>& texts();

struct Reports {
  std::vector<std::string> kept;

  ~Reports() {
    if (!kept.empty()) end_with_reports();
  }
};

std::vector<std::string>& texts() {
  static Reports reports;
  return reports.kept;
}

}  // namespace

void end_with_reports() {
  for (const std::string& text : texts()) {
    std::fprintf(stderr, "CUDA emulator: %s\n", text.c_str());
  }
  std::fflush(nullptr);
  _exit(kExitStatus);
}

void report(std::string text) {
  std::vector<std::string>& kept = texts();
  if (kept.size() >= kMaxReports || std::ranges::find(kept, text) != kept.end()) return;
  kept.push_back(std::move(text));
}

size_t report_count() { return texts().size(); }
std::string report_at(size_t index) { return index < texts().size() ? texts()[index] : ""; }
void clear_reports() { texts().clear(); }

}  // namespace cuda_emulator
