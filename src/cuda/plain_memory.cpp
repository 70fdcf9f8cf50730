#include "cuda/plain_memory.h"

#include <cstdlib>

#include "core/error.h"
#include "cuda/check.h"

namespace libtensor::cuda {

bool no_memory_caching() noexcept {
  static const bool set = [] {
    const char* const value = std::getenv("LIBTENSOR_NO_CUDA_MEMORY_CACHING");
    return value && *value && *value != '0';
  }();
  return set;
}

void* allocate_plain(const Context& context, size_t bytes) {
  const DeviceGuard guard(context.device);
  void* data = nullptr;
  const cudaError_t error = cudaMalloc(&data, bytes);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    fail(Status::kOutOfMemory, "CUDA out of memory. Tried to allocate ", bytes,
         " bytes on cuda:", context.device, " without caching");
  }
  check_cuda(error, "cudaMalloc");
  return data;
}

void free_plain(int device, void* data) noexcept {
  const QuietGuard guard(device);
  if (cudaFree(data) != cudaSuccess) cudaGetLastError();
}

}  // namespace libtensor::cuda
