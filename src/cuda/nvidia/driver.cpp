#include "cuda/driver.h"

#include <cuda_runtime.h>

namespace libtensor::cuda {
namespace {

constexpr unsigned kVersion = 12000;  // of the functions' signatures

template <class F>
bool find(const char* name, F* out) {
  void* found = nullptr;
  cudaDriverEntryPointQueryResult result = cudaDriverEntryPointSymbolNotFound;
  if (cudaGetDriverEntryPointByVersion(name, &found, kVersion, cudaEnableDefault, &result) !=
      cudaSuccess) {
    cudaGetLastError();
    return false;
  }
  *out = reinterpret_cast<F>(found);
  return result == cudaDriverEntryPointSuccess && found;
}

const DriverFunctions* load() {
  static DriverFunctions functions;
  const bool complete =
      find("cuDeviceGet", &functions.device) &&
      find("cuDeviceGetAttribute", &functions.attribute) &&
      find("cuMemGetAllocationGranularity", &functions.granularity) &&
      find("cuMemAddressReserve", &functions.reserve) &&
      find("cuMemAddressFree", &functions.unreserve) && find("cuMemCreate", &functions.create) &&
      find("cuMemRelease", &functions.destroy) && find("cuMemMap", &functions.map) &&
      find("cuMemUnmap", &functions.unmap) && find("cuMemSetAccess", &functions.set_access);
  return complete ? &functions : nullptr;
}

}  // namespace

const DriverFunctions* driver_functions() {
  static const DriverFunctions* const functions = load();
  return functions;
}

}  // namespace libtensor::cuda
