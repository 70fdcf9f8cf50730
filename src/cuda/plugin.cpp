// The plug-in's one exported function.
#include "core/plugin.h"

#include <string>

#include "core/error.h"
#include "cuda/cuda_backend.h"
#include "cuda/memory.h"

namespace libtensor::cuda {
namespace {

// Returns "" or the reason why there are no devices.
std::string open_devices(uint32_t interface, const PluginHost& host) {
  if (interface != kPluginInterface) return "the CUDA plug-in is of another version than libtensor";
  int count = 0;
  if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess) {
    cudaGetLastError();
    return cudaGetErrorString(error);
  }
  if (count == 0) return "there is no CUDA device";
  try {
    // Never destroyed: a tensor may be released after static objects are gone.
    for (int i = 0; i < count; ++i) {
      open_memory(i, host);
      host.add(i, new CudaBackend(i));
    }
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

}  // namespace
}  // namespace libtensor::cuda

extern "C" __attribute__((visibility("default"))) const char* libtensor_plugin(
    uint32_t interface, const libtensor::PluginHost& host) {
  static const std::string reason = libtensor::cuda::open_devices(interface, host);
  return reason.empty() ? nullptr : reason.c_str();
}
