#include "cuda/check.h"

#include "core/error.h"
#include "core/fork.h"

namespace libtensor::cuda {

// Those of which CUDA's documentation says that the process must be ended to go on using CUDA.
bool is_lost(cudaError_t error) noexcept {
  switch (error) {
    case cudaErrorCudartUnloading:  // the process ends, and its work with it
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorMpsClientTerminated:
    case cudaErrorExternalDevice:
      return true;
    default:
      return false;
  }
}

void check_not_forked() {
  check_as(Status::kUnavailable, !in_forked_child(),
           "Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you "
           "must use the 'spawn' start method");
}

void fail_with(cudaError_t error, const char* operation) {
  cudaGetLastError();  // or the next operation would be blamed for it
  check_not_forked();
  const char* const text = cudaGetErrorString(error);
  if (error == cudaErrorMemoryAllocation) {
    fail(Status::kOutOfMemory, "CUDA out of memory in ", operation);
  }
  if (is_lost(error)) {
    fail(Status::kUnavailable, "CUDA error: ", text, ". It was noticed by ", operation,
         ", but earlier work may have caused it; this process cannot use the device any more");
  }
  fail(Status::kUnavailable, "CUDA error: ", text, " (in ", operation, ")");
}

}  // namespace libtensor::cuda
