#include "cuda/check.h"

#include "core/error.h"

namespace libtensor::cuda {
namespace {

// After these the process cannot use the device any more; every later call gives them again.
bool is_sticky(cudaError_t error) {
  switch (error) {
    case cudaErrorECCUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorAssert:
    case cudaErrorLaunchFailure:
      return true;
    default:
      return false;
  }
}

}  // namespace

void fail_with(cudaError_t error, const char* operation) {
  cudaGetLastError();  // or the next operation would be blamed for it
  const char* const text = cudaGetErrorString(error);
  if (error == cudaErrorMemoryAllocation) {
    fail(Status::kOutOfMemory, "CUDA out of memory in ", operation);
  }
  if (is_sticky(error)) {
    fail(Status::kUnavailable, "CUDA error: ", text, ". It was noticed by ", operation,
         ", but earlier work may have caused it; this process cannot use the device any more");
  }
  fail(Status::kUnavailable, "CUDA error: ", text, " (in ", operation, ")");
}

}  // namespace libtensor::cuda
