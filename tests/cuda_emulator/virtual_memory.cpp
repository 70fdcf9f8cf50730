// The driver's virtual memory functions: pieces of physical memory are ranges of one file, mapped
// at reserved addresses of the devices' arena.
#include "include/cuda.h"

#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "cuda/driver.h"
#include "device_memory.h"
#include "faults.h"
#include "runtime_lock.h"
#include "timeline.h"

namespace cuda_emulator {
namespace {

constexpr size_t kGranularity = size_t{2} << 20;  // as on the devices of today

// Like some drivers on small machines: the arena is shared by all devices and streams.
constexpr size_t kMostReserved = size_t{1} << 30;

struct Piece {
  int device = 0;
  size_t bytes = 0;
  off_t offset = 0;
  bool released = false;  // goes when it is mapped nowhere any more
  int mappings = 0;
};

struct Mapping {
  size_t bytes;
  CUmemGenericAllocationHandle piece;
};

struct VirtualMemory {
  int file = memfd_create("cuda_emulator", MFD_CLOEXEC);
  off_t end = 0;
  CUmemGenericAllocationHandle next = 1;
  std::map<CUmemGenericAllocationHandle, Piece> pieces;
  std::map<CUdeviceptr, Mapping> mappings;

  void drop_if_unused(CUmemGenericAllocationHandle handle) {
    const auto found = pieces.find(handle);
    if (found == pieces.end() || !found->second.released || found->second.mappings > 0) return;
    fallocate_away(found->second);
    refund(found->second.device, found->second.bytes);
    pieces.erase(found);
  }
  void fallocate_away(const Piece& piece) const;
};

void VirtualMemory::fallocate_away(const Piece& piece) const {
  void* const view =
      mmap(nullptr, piece.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, piece.offset);
  if (view == MAP_FAILED) return;
  madvise(view, piece.bytes, MADV_REMOVE);
  munmap(view, piece.bytes);
}

VirtualMemory& virtual_memory() {
  static auto* state = new VirtualMemory;
  return *state;
}

bool is_whole(size_t bytes) { return bytes > 0 && bytes % kGranularity == 0; }

}  // namespace
}  // namespace cuda_emulator

using namespace cuda_emulator;

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute, CUdevice) {
  *value = faults().virtual_memory;
  return CUDA_SUCCESS;
}

CUresult cuMemGetAllocationGranularity(size_t* granularity, const CUmemAllocationProp*,
                                       CUmemAllocationGranularity_flags) {
  *granularity = kGranularity;
  return CUDA_SUCCESS;
}

CUresult cuMemAddressReserve(CUdeviceptr* address, size_t bytes, size_t, CUdeviceptr,
                             unsigned long long) {
  const std::lock_guard lock(runtime_lock());
  if (!is_whole(bytes)) return CUDA_ERROR_INVALID_VALUE;
  void* const range = bytes <= kMostReserved ? reserve_addresses(bytes) : nullptr;
  if (!range) return CUDA_ERROR_OUT_OF_MEMORY;
  *address = reinterpret_cast<CUdeviceptr>(range);
  return CUDA_SUCCESS;
}

CUresult cuMemAddressFree(CUdeviceptr address, size_t bytes) {
  const std::lock_guard lock(runtime_lock());
  const auto& mappings = virtual_memory().mappings;
  const auto inside = mappings.lower_bound(address);
  if (inside != mappings.end() && inside->first < address + bytes) return CUDA_ERROR_INVALID_VALUE;
  release_addresses(reinterpret_cast<void*>(address));
  return CUDA_SUCCESS;
}

CUresult cuMemCreate(CUmemGenericAllocationHandle* handle, size_t bytes,
                     const CUmemAllocationProp* properties, unsigned long long) {
  const std::lock_guard lock(runtime_lock());
  VirtualMemory& memory = virtual_memory();
  if (!is_whole(bytes)) return CUDA_ERROR_INVALID_VALUE;
  const int device = properties->location.id;
  if (is_due(faults().allocations_until_failure) || !charge(device, bytes)) {
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  if (ftruncate(memory.file, memory.end + static_cast<off_t>(bytes)) != 0) {
    refund(device, bytes);
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  *handle = memory.next++;
  memory.pieces[*handle] = {device, bytes, memory.end, false, 0};
  memory.end += static_cast<off_t>(bytes);
  return CUDA_SUCCESS;
}

CUresult cuMemRelease(CUmemGenericAllocationHandle handle) {
  const std::lock_guard lock(runtime_lock());
  const auto found = virtual_memory().pieces.find(handle);
  if (found == virtual_memory().pieces.end() || found->second.released) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  found->second.released = true;
  virtual_memory().drop_if_unused(handle);
  return CUDA_SUCCESS;
}

// The memory cannot be used before cuMemSetAccess.
CUresult cuMemMap(CUdeviceptr address, size_t bytes, size_t offset,
                  CUmemGenericAllocationHandle handle, unsigned long long) {
  const std::lock_guard lock(runtime_lock());
  VirtualMemory& memory = virtual_memory();
  const auto found = memory.pieces.find(handle);
  if (found == memory.pieces.end() || offset != 0 || bytes != found->second.bytes ||
      !is_reserved(address, bytes) || address % kGranularity != 0) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  const auto after = memory.mappings.lower_bound(address);
  if (after != memory.mappings.end() && after->first < address + bytes) {
    return CUDA_ERROR_INVALID_VALUE;
  }
  if (after != memory.mappings.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second.bytes > address) return CUDA_ERROR_INVALID_VALUE;
  }
  void* const mapped = mmap(reinterpret_cast<void*>(address), bytes, PROT_NONE,
                            MAP_SHARED | MAP_FIXED, memory.file, found->second.offset);
  if (mapped == MAP_FAILED) return CUDA_ERROR_OUT_OF_MEMORY;
  ++found->second.mappings;
  memory.mappings[address] = {bytes, handle};
  return CUDA_SUCCESS;
}

CUresult cuMemSetAccess(CUdeviceptr address, size_t bytes, const CUmemAccessDesc*, size_t) {
  const std::lock_guard lock(runtime_lock());
  const auto& mappings = virtual_memory().mappings;
  CUdeviceptr at = address;
  for (auto mapping = mappings.find(at); at < address + bytes; ++mapping) {
    if (mapping == mappings.end() || mapping->first != at) return CUDA_ERROR_INVALID_VALUE;
    at += mapping->second.bytes;
  }
  if (at != address + bytes) return CUDA_ERROR_INVALID_VALUE;
  device_shadow().reset(address, bytes, kUninitialised);
  return CUDA_SUCCESS;
}

// Waits for the device, as the driver does.
CUresult cuMemUnmap(CUdeviceptr address, size_t bytes) {
  const std::lock_guard lock(runtime_lock());
  VirtualMemory& memory = virtual_memory();
  const auto found = memory.mappings.find(address);
  if (found == memory.mappings.end() || found->second.bytes != bytes)
    return CUDA_ERROR_INVALID_VALUE;
  for (int device = 0; device < faults().device_count; ++device) synchronize_device(device);
  mmap(reinterpret_cast<void*>(address), bytes, PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  device_shadow().reset(address, bytes, kUnaddressable);
  const CUmemGenericAllocationHandle piece = found->second.piece;
  memory.mappings.erase(found);
  --memory.pieces[piece].mappings;
  memory.drop_if_unused(piece);
  return CUDA_SUCCESS;
}

const libtensor::cuda::DriverFunctions* libtensor::cuda::driver_functions() {
  static const DriverFunctions functions{cuDeviceGet,
                                         cuDeviceGetAttribute,
                                         cuMemGetAllocationGranularity,
                                         cuMemAddressReserve,
                                         cuMemAddressFree,
                                         cuMemCreate,
                                         cuMemRelease,
                                         cuMemMap,
                                         cuMemUnmap,
                                         cuMemSetAccess};
  return &functions;
}
