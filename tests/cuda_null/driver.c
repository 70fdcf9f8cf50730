/* A libcuda.so.1 in which every function succeeds and does nothing: what driver_probe calls is
 * called, on a machine without a driver. It has one device. */

int cuDeviceGetCount(int* count) {
  *count = 1;
  return 0;
}

#define NOTHING(name) \
  int name(void);     \
  int name(void) { return 0; }

NOTHING(cuInit)
NOTHING(cuDriverGetVersion)
NOTHING(cuDevicePrimaryCtxRetain)
NOTHING(cuCtxSetCurrent)
NOTHING(cuModuleLoadData)
NOTHING(cuModuleGetFunction)
NOTHING(cuLaunchKernel)
NOTHING(cuStreamCreate)
NOTHING(cuStreamSynchronize)
NOTHING(cuEventCreate)
NOTHING(cuEventRecord)
NOTHING(cuEventQuery)
NOTHING(cuStreamWaitEvent)
NOTHING(cuMemAddressReserve)
NOTHING(cuMemAddressFree)
NOTHING(cuMemCreate)
NOTHING(cuMemRelease)
NOTHING(cuMemMap)
NOTHING(cuMemSetAccess)
NOTHING(cuMemUnmap)
NOTHING(cuMemAlloc_v2)
NOTHING(cuMemFree_v2)
NOTHING(cuMemGetInfo_v2)
NOTHING(cuMemHostAlloc)
NOTHING(cuMemFreeHost)
NOTHING(cuMemcpyHtoDAsync_v2)
NOTHING(cuMemcpyDtoHAsync_v2)
