#include "cuda/providers.h"

#include <mutex>

#include "core/error.h"
#include "cuda/check.h"
#include "cuda/context.h"

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
cudaEvent_t native_event(memory::Event event) { return reinterpret_cast<cudaEvent_t>(event); }

// Makes the device current where nothing may be thrown; the calls that follow fail where it cannot.
class QuietGuard {
 public:
  explicit QuietGuard(int device) noexcept {
    cudaGetDevice(&before_);
    if (before_ != device) cudaSetDevice(device);
    changed_ = before_ != device;
  }
  ~QuietGuard() {
    if (changed_) cudaSetDevice(before_);
  }
  QuietGuard(const QuietGuard&) = delete;
  QuietGuard& operator=(const QuietGuard&) = delete;

 private:
  int before_ = 0;
  bool changed_ = false;
};

// Out of memory is an answer; other failures are thrown.
bool has_memory(CUresult result, const char* operation) {
  if (result == CUDA_ERROR_OUT_OF_MEMORY) return false;
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

memory::Event CudaProvider::record(memory::Stream stream) noexcept {
  const QuietGuard guard(device_);
  cudaEvent_t event = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!pool_.empty()) {
      event = pool_.back();
      pool_.pop_back();
    }
  }
  if (!event && cudaEventCreateWithFlags(&event, cudaEventDisableTiming) != cudaSuccess) {
    cudaGetLastError();
    return 0;
  }
  if (cudaEventRecord(event, reinterpret_cast<cudaStream_t>(stream)) == cudaSuccess) {
    return reinterpret_cast<memory::Event>(event);
  }
  cudaGetLastError();
  release(reinterpret_cast<memory::Event>(event));
  return 0;
}

bool CudaProvider::passed(memory::Event event) noexcept {
  const bool waits = cudaEventQuery(native_event(event)) == cudaErrorNotReady;
  cudaGetLastError();
  return !waits;
}

void CudaProvider::wait(memory::Event event) noexcept {
  if (cudaEventSynchronize(native_event(event)) != cudaSuccess) cudaGetLastError();
}

void CudaProvider::release(memory::Event event) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    pool_.push_back(native_event(event));
  } catch (...) {  // no memory for the list
    cudaEventDestroy(native_event(event));
  }
}

memory::ProviderProperties PlainProvider::properties() const {
  memory::ProviderProperties properties;
  properties.name = "CUDA memory";
  properties.granularity = kGranularity;
  properties.alignment = kAlignment;
  return properties;
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
  return data;
}

void PlainProvider::free(void* data, size_t) noexcept {
  const QuietGuard guard(device_);
  if (cudaFree(data) != cudaSuccess) cudaGetLastError();
}

memory::ProviderProperties VirtualProvider::properties() const {
  memory::ProviderProperties properties;
  properties.name = "CUDA virtual memory";
  properties.virtual_memory = true;
  const CUmemAllocationProp wanted = properties_of(device_);
  size_t granularity = 0;
  const CUresult result =
      driver_.granularity(&granularity, &wanted, CU_MEM_ALLOC_GRANULARITY_MINIMUM);
  properties.granularity = result == CUDA_SUCCESS ? granularity : kGranularity;
  properties.alignment = kAlignment;
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
  if (!has_memory(driver_.map(native(address), bytes, 0, physical, 0), "cuMemMap")) return false;
  CUmemAccessDesc access = {};
  access.location = properties_of(device_).location;
  access.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  const CUresult result = driver_.set_access(native(address), bytes, &access, 1);
  if (result == CUDA_SUCCESS) return true;
  driver_.unmap(native(address), bytes);
  return has_memory(result, "cuMemSetAccess");
}

void VirtualProvider::unmap(void* address, size_t bytes) noexcept {
  driver_.unmap(native(address), bytes);
}

}  // namespace libtensor::cuda
