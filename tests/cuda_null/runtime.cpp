// A CUDA runtime in which every call returns at once and kernels do not run: what is left is what
// the host does, and how often it calls. Device memory is memory of the host, so that small fills
// and copies, such as those of flags, do what they say. One device.
#include <cublas_v2.h>
#include <cuda.h>
#include <cuda_runtime.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "counts.h"
#include "cuda/blas.h"
#include "cuda/driver.h"
#include "cuda_emulator/include/device_language.h"

namespace {

cuda_null_counts_t counts;
uintptr_t last_handle = 0;

constexpr size_t kMoved = 256;  // larger copies and fills move nothing

template <class Handle>
Handle new_handle() {
  return reinterpret_cast<Handle>(++last_handle);
}

cudaError_t counted(uint64_t& counter) {
  ++counter;
  return cudaSuccess;
}

CUresult driver_call() {
  ++counts.driver;
  return CUDA_SUCCESS;
}

void* addresses(size_t bytes) {
  void* const range = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return range == MAP_FAILED ? nullptr : range;
}

}  // namespace

// The place of a thread, of which none ever runs.
uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace cuda_emulator {

cudaError_t enqueue(std::unique_ptr<KernelCall>, const libtensor::cuda::LaunchConfig&) {
  return counted(counts.launches);
}
void* shared_memory() { std::abort(); }
uint64_t exchange(unsigned, uint64_t, int) { std::abort(); }
unsigned vote(unsigned, bool) { std::abort(); }
unsigned lane_id() { std::abort(); }
void synchronize_block() { std::abort(); }
void note_atomic(const void*, size_t) { std::abort(); }

}  // namespace cuda_emulator

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "null device");
  properties->totalGlobalMem = size_t{64} << 30;
  properties->major = 9;
  properties->multiProcessorCount = 132;
  properties->maxThreadsPerMultiProcessor = 2048;
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() { return counted(counts.waits); }
cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) {
  *can = 0;
  return cudaSuccess;
}
cudaError_t cudaDeviceEnablePeerAccess(int, unsigned) { return cudaSuccess; }
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  *least = *greatest = 0;
  return cudaSuccess;
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
cudaError_t cudaPeekAtLastError() { return cudaSuccess; }
const char* cudaGetErrorName(cudaError_t) { return "cudaError"; }
const char* cudaGetErrorString(cudaError_t) { return "no error"; }

cudaError_t cudaMalloc(void** data, size_t bytes) {
  *data = addresses(bytes);
  return *data ? counted(counts.driver) : cudaErrorMemoryAllocation;
}
cudaError_t cudaFree(void*) {
  ++counts.waits;
  return counted(counts.driver);
}
cudaError_t cudaHostAlloc(void** data, size_t bytes, unsigned) { return cudaMalloc(data, bytes); }
cudaError_t cudaFreeHost(void* data) { return cudaFree(data); }
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = *total = size_t{64} << 30;
  return counted(counts.driver);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t) {
  if (bytes <= kMoved) std::memmove(to, from, bytes);
  return counted(counts.copies);
}
cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from, int, size_t bytes,
                                cudaStream_t stream) {
  return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream);
}
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t) {
  if (bytes <= kMoved) std::memset(to, value, bytes);
  return counted(counts.copies);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int) {
  *stream = new_handle<cudaStream_t>();
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t) { return counted(counts.waits); }
cudaError_t cudaStreamQuery(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) {
  return counted(counts.events);
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new_handle<cudaEvent_t>();
  return counted(counts.events);
}
cudaError_t cudaEventDestroy(cudaEvent_t) { return counted(counts.events); }
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return counted(counts.events); }
cudaError_t cudaEventQuery(cudaEvent_t) { return counted(counts.events); }
cudaError_t cudaEventSynchronize(cudaEvent_t) {
  ++counts.waits;
  return counted(counts.events);
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
  *milliseconds = 0;
  return cudaSuccess;
}

const libtensor::cuda::BlasFunctions* libtensor::cuda::blas_functions() {
  static const BlasFunctions functions{
      [](cublasHandle_t* handle) {
        *handle = new_handle<cublasHandle_t>();
        return CUBLAS_STATUS_SUCCESS;
      },
      [](cublasHandle_t, cudaStream_t) { return CUBLAS_STATUS_SUCCESS; },
      [](cublasHandle_t, void*, size_t) { return CUBLAS_STATUS_SUCCESS; },
      [](cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, const void*,
         const void*, cudaDataType_t, int, long long, const void*, cudaDataType_t, int, long long,
         const void*, void*, cudaDataType_t, int, long long, int, cublasComputeType_t,
         cublasGemmAlgo_t) {
        ++counts.launches;
        return CUBLAS_STATUS_SUCCESS;
      }};
  return &functions;
}

const libtensor::cuda::DriverFunctions* libtensor::cuda::driver_functions() {
  static const DriverFunctions functions{
      [](CUdevice* device, int ordinal) {
        *device = ordinal;
        return CUDA_SUCCESS;
      },
      [](int* value, CUdevice_attribute, CUdevice) {
        *value = 1;
        return CUDA_SUCCESS;
      },
      [](size_t* granularity, const CUmemAllocationProp*, CUmemAllocationGranularity_flags) {
        *granularity = size_t{2} << 20;
        return CUDA_SUCCESS;
      },
      [](CUdeviceptr* address, size_t bytes, size_t, CUdeviceptr, unsigned long long) {
        void* const range = addresses(bytes);
        *address = reinterpret_cast<CUdeviceptr>(range);
        return range ? driver_call() : CUDA_ERROR_OUT_OF_MEMORY;
      },
      [](CUdeviceptr, size_t) { return driver_call(); },
      [](CUmemGenericAllocationHandle* handle, size_t, const CUmemAllocationProp*,
         unsigned long long) {
        *handle = ++last_handle;
        return driver_call();
      },
      [](CUmemGenericAllocationHandle) { return driver_call(); },
      [](CUdeviceptr, size_t, size_t, CUmemGenericAllocationHandle, unsigned long long) {
        return driver_call();
      },
      [](CUdeviceptr, size_t) { return driver_call(); },
      [](CUdeviceptr, size_t, const CUmemAccessDesc*, size_t) { return driver_call(); }};
  return &functions;
}

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void cuda_null_counts(cuda_null_counts_t* out) { *out = counts; }
EXPORT void cuda_null_reset(void) { counts = {}; }

// What the emulator's kernels ask for (kernel_limit.h): calls are cut as for a GPU.
namespace libtensor::cuda {
int64_t max_kernel_elements();
int64_t max_kernel_elements() { return int64_t{1} << 30; }
}  // namespace libtensor::cuda
