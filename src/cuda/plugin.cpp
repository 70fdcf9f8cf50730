// The plug-in's one exported function.
#include "core/plugin.h"

#include <memory>
#include <string>

#include "core/error.h"
#include "cuda/device_runtime.h"
#include "cuda/faults.h"
#include "cuda/memory.h"

namespace libtensor::cuda {
namespace {

PluginHost library;

// Never destroyed: a tensor may be released after static objects are gone.
DeviceRuntime* open_device(int index) {
  auto runtime = std::make_unique<CudaRuntime>(index);
  open_faults(index);
  open_memory(index, library);
  return runtime.release();
}

// Returns "" or the reason why there are no devices. The driver is asked how many there are and no
// more: a context takes memory on its device and time, and is for who uses that device.
std::string find_devices(uint32_t interface, const PluginHost& host) {
  if (interface != kPluginInterface) return "the CUDA plug-in is of another version than libtensor";
  int count = 0;
  if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess) {
    cudaGetLastError();
    return cudaGetErrorString(error);
  }
  if (count == 0) return "there is no CUDA device";
  library = host;
  host.add(count, open_device, own_kernels());
  return "";
}

}  // namespace
}  // namespace libtensor::cuda

extern "C" __attribute__((visibility("default"))) const char* libtensor_plugin(
    uint32_t interface, const libtensor::PluginHost& host) {
  static const std::string reason = libtensor::cuda::find_devices(interface, host);
  return reason.empty() ? nullptr : reason.c_str();
}
