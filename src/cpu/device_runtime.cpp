// The CPU as a device.
#include "core/device_runtime.h"

#include <cstring>
#include <new>

#include "cpu/random.h"
#include "memory/host_memory.h"

namespace libtensor::cpu {
namespace {

class CpuRuntime final : public DeviceRuntime {
 public:
  void* allocate(Device, size_t bytes) override { return host_allocate(bytes); }
  void free(Device, void* data, size_t bytes) noexcept override { host_free(data, bytes); }
  void copy_bytes(void* destination, Device, const void* source, Device, size_t bytes,
                  bool) override {
    if (bytes > 0) std::memmove(destination, source, bytes);
  }
  Generator& generator() override { return default_generator(); }
};

// Never destroyed: a tensor may be released after the library's static objects are gone.
[[maybe_unused]] const bool registered = [] {
  alignas(CpuRuntime) static unsigned char memory[sizeof(CpuRuntime)];
  register_runtime(Device{}, new (memory) CpuRuntime);
  return true;
}();

}  // namespace
}  // namespace libtensor::cpu
