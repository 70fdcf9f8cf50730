#include "provider_cases.h"

#include "memory/host_provider.h"
#include "memory/simulated_device.h"

namespace test {

using libtensor::memory::HostProvider;
using libtensor::memory::SimulatedDevice;

std::vector<ProviderCase> provider_cases() {
  const auto simulated = [](bool virtual_memory, uint64_t lag) {
    return [=](size_t capacity) {
      return std::make_unique<SimulatedDevice>(
          SimulatedDevice::Options{capacity, virtual_memory, lag});
    };
  };
  return {
      {"Host", [](size_t) { return std::make_unique<HostProvider>(); }, true, false, 1},
      {"SimulatedPlain", simulated(false, 0), false, true, 3},
      {"SimulatedPlainBehind", simulated(false, SimulatedDevice::kManual), false, true, 3},
      {"SimulatedVirtual", simulated(true, 0), false, true, 3},
      {"SimulatedVirtualBehind", simulated(true, SimulatedDevice::kManual), false, true, 3},
  };
}

}  // namespace test
