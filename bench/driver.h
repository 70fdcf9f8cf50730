// The functions of CUDA's driver that driver_probe measures, found at run time: the probe is built
// without CUDA's headers and starts on a machine without a driver.
#pragma once

#include <dlfcn.h>

#include <cstddef>
#include <cstdint>

namespace driver {

using Status = int;  // CUresult; 0: success
using Pointer = unsigned long long;
using Handle = unsigned long long;  // of physical memory
constexpr Status kNotReady = 600;

// CUmemLocation, CUmemAllocationProp and CUmemAccessDesc, as cuda.h lays them out.
struct Location {
  int type = 1, id = 0;  // a device
};
struct Properties {
  int type = 1, handles = 0;  // pinned on the device
  Location location;
  void* win32 = nullptr;
  unsigned char flags[8] = {};
};
static_assert(sizeof(Properties) == 32);
struct Access {
  Location location;
  int flags = 3;  // to read and write
};

struct Functions {
  Status (*init)(unsigned);
  Status (*driver_version)(int*);
  Status (*device_count)(int*);
  Status (*retain_context)(void**, int);
  Status (*set_context)(void*);
  Status (*load_module)(void**, const void*);
  Status (*function)(void**, void*, const char*);
  Status (*launch)(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                   void*, void**, void**);
  Status (*create_stream)(void**, unsigned);
  Status (*synchronize)(void*);
  Status (*create_event)(void**, unsigned);
  Status (*record)(void*, void*);
  Status (*query)(void*);
  Status (*wait_event)(void*, void*, unsigned);
  Status (*reserve)(Pointer*, size_t, size_t, Pointer, unsigned long long);
  Status (*unreserve)(Pointer, size_t);
  Status (*create)(Handle*, size_t, const Properties*, unsigned long long);
  Status (*release)(Handle);
  Status (*map)(Pointer, size_t, size_t, Handle, unsigned long long);
  Status (*set_access)(Pointer, size_t, const Access*, size_t);
  Status (*unmap)(Pointer, size_t);
  Status (*allocate)(Pointer*, size_t);
  Status (*free)(Pointer);
  Status (*memory_info)(size_t*, size_t*);
  Status (*allocate_host)(void**, size_t, unsigned);
  Status (*free_host)(void*);
  Status (*copy_in)(Pointer, const void*, size_t, void*);
  Status (*copy_out)(void*, Pointer, size_t, void*);
};

// The name of the first function that the library lacks, or nullptr.
inline const char* find(void* library, Functions* f) {
  const char* missing = nullptr;
  const auto get = [&](const char* name, auto* out) {
    *out = reinterpret_cast<std::remove_reference_t<decltype(*out)>>(dlsym(library, name));
    if (!*out && !missing) missing = name;
  };
  get("cuInit", &f->init);
  get("cuDriverGetVersion", &f->driver_version);
  get("cuDeviceGetCount", &f->device_count);
  get("cuDevicePrimaryCtxRetain", &f->retain_context);
  get("cuCtxSetCurrent", &f->set_context);
  get("cuModuleLoadData", &f->load_module);
  get("cuModuleGetFunction", &f->function);
  get("cuLaunchKernel", &f->launch);
  get("cuStreamCreate", &f->create_stream);
  get("cuStreamSynchronize", &f->synchronize);
  get("cuEventCreate", &f->create_event);
  get("cuEventRecord", &f->record);
  get("cuEventQuery", &f->query);
  get("cuStreamWaitEvent", &f->wait_event);
  get("cuMemAddressReserve", &f->reserve);
  get("cuMemAddressFree", &f->unreserve);
  get("cuMemCreate", &f->create);
  get("cuMemRelease", &f->release);
  get("cuMemMap", &f->map);
  get("cuMemSetAccess", &f->set_access);
  get("cuMemUnmap", &f->unmap);
  get("cuMemAlloc_v2", &f->allocate);
  get("cuMemFree_v2", &f->free);
  get("cuMemGetInfo_v2", &f->memory_info);
  get("cuMemHostAlloc", &f->allocate_host);
  get("cuMemFreeHost", &f->free_host);
  get("cuMemcpyHtoDAsync_v2", &f->copy_in);
  get("cuMemcpyDtoHAsync_v2", &f->copy_out);
  return missing;
}

}  // namespace driver
