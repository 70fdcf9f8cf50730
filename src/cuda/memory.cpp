#include "cuda/memory.h"

#include "core/error.h"
#include "cuda/check.h"

namespace libtensor::cuda {

void* allocate_memory(const Context& context, size_t bytes) {
  if (bytes == 0) return nullptr;
  const DeviceGuard guard(context.device);
  void* data = nullptr;
  const cudaError_t error = cudaMalloc(&data, bytes);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    fail(Status::kOutOfMemory, "CUDA out of memory. Tried to allocate ", bytes, " bytes. Device ",
         context.device, " has a total capacity of ", total, " bytes of which ", free,
         " bytes are free.");
  }
  check_cuda(error, "allocation");
  return data;
}

// cudaFree waits for the device, so that no work in flight can lose its memory.
void free_memory(const Context& context, void* data, size_t) noexcept {
  if (!data) return;
  int before = 0;
  cudaGetDevice(&before);
  cudaSetDevice(context.device);
  cudaFree(data);
  cudaSetDevice(before);
}

}  // namespace libtensor::cuda
