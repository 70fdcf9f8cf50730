#include "cuda/providers.h"

#include <mutex>

#include <block_watch.h>

#include "core/error.h"
#include "cuda/check.h"
#include "cuda/context.h"
#include "cuda/events.h"

namespace libtensor::cuda {
namespace {

constexpr size_t kGranularity = size_t{2} << 20;  // of mappings, and of what cudaMalloc takes
constexpr size_t kAlignment = 512;

CUmemAllocationProp properties_of(int device) {
  CUmemAllocationProp properties = {};
  properties.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
  properties.location.id = device;
  return properties;
}

CUdeviceptr native(void* address) { return reinterpret_cast<CUdeviceptr>(address); }
cudaStream_t native_stream(memory::Stream stream) { return reinterpret_cast<cudaStream_t>(stream); }

// Out of memory is an answer; other failures are thrown.
bool has_memory(CUresult result, const char* operation) {
  if (result == CUDA_ERROR_OUT_OF_MEMORY) return false;
  if (result != CUDA_SUCCESS) check_not_forked();
  check_as(Status::kUnavailable, result == CUDA_SUCCESS, "CUDA error: driver status ",
           static_cast<int>(result), " (in ", operation, ")");
  return true;
}

}  // namespace

CudaProvider::~CudaProvider() {
  for (cudaEvent_t event : pool_) cudaEventDestroy(event);
}

memory::MemoryProvider::Info CudaProvider::info() {
  const DeviceGuard guard(device_);
  Info info;
  check_cuda(cudaMemGetInfo(&info.free, &info.total), "cudaMemGetInfo");
  return info;
}

// The pool is not waited for: a forked child may find it locked for ever.
memory::Event CudaProvider::record(memory::Stream stream) noexcept {
  const QuietGuard guard(device_);
  cudaEvent_t event = nullptr;
  if (const std::unique_lock lock(mutex_, std::try_to_lock); lock && !pool_.empty()) {
    event = pool_.back();
    pool_.pop_back();
  }
  return mark(event, native_stream(stream));
}

bool CudaProvider::passed(memory::Event event) noexcept { return has_passed(event); }
bool CudaProvider::wait(memory::Event event) noexcept { return wait_for(event); }

void CudaProvider::release(memory::Event event) noexcept {
  if (event == memory::kPassedEvent) return;
  try {
    if (const std::unique_lock lock(mutex_, std::try_to_lock); lock) {
      return pool_.push_back(native_event(event));
    }
  } catch (...) {
    // No memory for the list.
  }
  cudaEventDestroy(native_event(event));
}

void CudaProvider::watch_allocated(void* data, size_t bytes, memory::Stream stream) noexcept {
  const QuietGuard guard(device_);
  cuda::watch_allocated(data, bytes, native_stream(stream));
}
void CudaProvider::watch_freed(void* data, size_t bytes, memory::Stream stream) noexcept {
  const QuietGuard guard(device_);
  cuda::watch_freed(data, bytes, native_stream(stream));
}

memory::ProviderProperties CudaProvider::properties_as(const char* name) {
  memory::ProviderProperties properties;
  properties.name = name;
  properties.granularity = kGranularity;
  properties.alignment = kAlignment;
  properties.watches = kWatchesBlocks;
  properties.guard = kGuardBytes;
  return properties;
}

memory::ProviderProperties PlainProvider::properties() const {
  return properties_as("CUDA memory");
}

void* PlainProvider::allocate(size_t bytes) {
  const DeviceGuard guard(device_);
  void* data = nullptr;
  const cudaError_t error = cudaMalloc(&data, bytes);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  check_cuda(error, "cudaMalloc");
  watch_segment(data, bytes);
  return data;
}

void PlainProvider::free(void* data, size_t) noexcept {
  const QuietGuard guard(device_);
  const AllocatorScope scope;  // the driver waits for the device
  if (cudaFree(data) != cudaSuccess) cudaGetLastError();
}

bool has_virtual_memory(int device, const DriverFunctions& driver) {
  CUdevice found = 0;
  int has = 0;
  return driver.device(&found, device) == CUDA_SUCCESS &&
         driver.attribute(&has, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, found) ==
             CUDA_SUCCESS &&
         has;
}

memory::ProviderProperties VirtualProvider::properties() const {
  memory::ProviderProperties properties = properties_as("CUDA virtual memory");
  properties.virtual_memory = true;
  const CUmemAllocationProp wanted = properties_of(device_);
  size_t granularity = 0;
  const CUresult result =
      driver_.granularity(&granularity, &wanted, CU_MEM_ALLOC_GRANULARITY_MINIMUM);
  if (result == CUDA_SUCCESS) properties.granularity = granularity;
  return properties;
}

void* VirtualProvider::reserve(size_t bytes) {
  CUdeviceptr address = 0;
  return has_memory(driver_.reserve(&address, bytes, 0, 0, 0), "cuMemAddressReserve")
             ? reinterpret_cast<void*>(address)
             : nullptr;
}

void VirtualProvider::unreserve(void* address, size_t bytes) noexcept {
  driver_.unreserve(native(address), bytes);
}

bool VirtualProvider::create(size_t bytes, memory::Physical* out) {
  const CUmemAllocationProp properties = properties_of(device_);
  CUmemGenericAllocationHandle handle = 0;
  if (!has_memory(driver_.create(&handle, bytes, &properties, 0), "cuMemCreate")) return false;
  *out = handle;
  return true;
}

void VirtualProvider::destroy(memory::Physical physical, size_t) noexcept {
  driver_.destroy(physical);
}

bool VirtualProvider::map(void* address, size_t bytes, memory::Physical physical) {
  return has_memory(driver_.map(native(address), bytes, 0, physical, 0), "cuMemMap");
}

bool VirtualProvider::open(void* address, size_t bytes) {
  CUmemAccessDesc access = {};
  access.location = properties_of(device_).location;
  access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  const CUresult result = driver_.set_access(native(address), bytes, &access, 1);
  if (!has_memory(result, "cuMemSetAccess")) return false;
  watch_segment(address, bytes);
  return true;
}

void VirtualProvider::unmap(void* address, size_t bytes) noexcept {
  const AllocatorScope scope;  // the driver waits for the device
  driver_.unmap(native(address), bytes);
}

}  // namespace libtensor::cuda
