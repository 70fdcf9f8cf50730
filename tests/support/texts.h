// Texts of the library as they are where the tests run.
#pragma once

#include <regex>
#include <string>

#include "support/device.h"

namespace test {

// A text that the library gives about tensors of the CPU, as it is for those of the tests' device.
inline std::string as_here(const std::string& on_the_cpu) {
  if (on_cpu()) return on_the_cpu;
  const std::string named =
      std::regex_replace(on_the_cpu, std::regex("torch\\.([A-Z]\\w+Tensor)"), "torch.cuda.$1");
  return std::regex_replace(named, std::regex("(tensor\\([^()]*\\])"), "$1, device='cuda:0'");
}

}  // namespace test
