#include "support/device.h"

#include <fnmatch.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "support/data_file.h"
#include "support/emulator.h"

namespace test {
namespace {

// FNV-1a.
uint64_t hash(const std::string& text) {
  uint64_t result = 0xcbf29ce484222325;
  for (const char c : text) result = (result ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return result;
}

uint64_t seed_of(const std::string& test) {
  const std::string given = variable("LIBTENSOR_TEST_SEED");
  return given.empty() ? hash(test) : std::stoull(given);
}

struct CpuOnly {
  std::string pattern, reason;
};

std::vector<CpuOnly> read_cpu_only() {
  const std::string path = data_file("cpu_only.txt");
  std::ifstream file(path);
  std::vector<CpuOnly> all;
  for (std::string line; std::getline(file, line);) {
    const size_t bar = line.find(" | ");
    if (line.empty() || line[0] == '#' || bar == std::string::npos) continue;
    all.push_back({line.substr(0, line.find_last_not_of(' ', bar) + 1), line.substr(bar + 3)});
  }
  if (all.empty()) refuse("nothing in " + path);
  return all;
}

// Why a test is not for this device, or "".
std::string reason_to_skip(const std::string& test) {
  static const std::vector<CpuOnly> all = read_cpu_only();
  for (const CpuOnly& entry : all) {
    if (fnmatch(entry.pattern.c_str(), test.c_str(), 0) == 0) return entry.reason;
  }
  return "";
}

class OnDevice : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo& info) override {
    if (on_cpu()) return;
    const std::string name = name_of(info);
    if (const std::string reason = reason_to_skip(name); !reason.empty()) {
      GTEST_SKIP() << reason;
    }
    if (emulator()) emulator()->set_seed(seed_of(name));
  }
  // What the emulator has found is a failure of the test.
  void OnTestEnd(const testing::TestInfo&) override {
    if (on_cpu()) return;
    if (tensor_device_synchronize(device()) != TENSOR_OK) {
      ADD_FAILURE() << "the device had something to report: " << tensor_last_error();
    }
    if (!emulator()) return;
    const size_t count = emulator()->report_count();
    for (size_t i = 0; i < count; ++i) {
      char text[2000];
      emulator()->report(i, text, sizeof(text));
      ADD_FAILURE() << "CUDA emulator: " << text;
    }
    emulator()->clear_reports();
  }
  static std::string name_of(const testing::TestInfo& info) {
    return std::string(info.test_suite_name()) + "." + info.name();
  }
};

[[maybe_unused]] const bool listening = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new OnDevice);
  return true;
}();

}  // namespace

}  // namespace test
