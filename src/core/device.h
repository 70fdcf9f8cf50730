// Where a tensor's elements live.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"

namespace libtensor {

// The numbers are part of the ABI (tensor_device_type_t). 0 means "not given".
enum class DeviceType : int16_t { kUndefined = 0, kCpu = 1, kCuda = 2 };

struct Device {
  DeviceType type = DeviceType::kCpu;
  int16_t index = 0;

  bool operator==(const Device&) const = default;
  bool is_cpu() const { return type == DeviceType::kCpu; }
  // "cpu" or "cuda:0", as PyTorch writes it.
  std::string name() const { return is_cpu() ? "cpu" : str("cuda:", index); }
};

// For messages: a check that holds must not make the name.
inline std::ostream& operator<<(std::ostream& out, Device device) {
  if (device.is_cpu()) return out << "cpu";
  return out << "cuda:" << device.index;
}

}  // namespace libtensor
