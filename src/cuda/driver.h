// The driver's functions for virtual memory, as a table: the real plug-in asks CUDA's runtime for
// them (nvidia/driver.cpp), so that it needs no libcuda to load; the emulated one has its own.
#pragma once

#include <cuda.h>

namespace libtensor::cuda {

struct DriverFunctions {
  decltype(&cuDeviceGet) device;
  decltype(&cuDeviceGetAttribute) attribute;
  decltype(&cuMemGetAllocationGranularity) granularity;
  decltype(&cuMemAddressReserve) reserve;
  decltype(&cuMemAddressFree) unreserve;
  decltype(&cuMemCreate) create;
  decltype(&cuMemRelease) destroy;
  decltype(&cuMemMap) map;
  decltype(&cuMemUnmap) unmap;
  decltype(&cuMemSetAccess) set_access;
};

// nullptr where the driver is too old for them.
const DriverFunctions* driver_functions();

}  // namespace libtensor::cuda
