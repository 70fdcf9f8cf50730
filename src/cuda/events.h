// Events for the allocators, where nothing may be thrown: a device that has failed runs nothing any
// more, so that all its events have passed.
#pragma once

#include <block_watch.h>
#include <cuda_runtime.h>

namespace libtensor::cuda {

// Of the current device; nullptr where that fails.
inline cudaEvent_t new_event() noexcept {
  cudaEvent_t event = nullptr;
  if (cudaEventCreateWithFlags(&event, cudaEventDisableTiming) == cudaSuccess) return event;
  cudaGetLastError();
  return nullptr;
}

inline bool record_event(cudaEvent_t event, cudaStream_t stream) noexcept {
  if (cudaEventRecord(event, stream) == cudaSuccess) return true;
  cudaGetLastError();
  return false;
}

inline bool has_passed(cudaEvent_t event) noexcept {
  const AllocatorScope scope;
  const bool waits = cudaEventQuery(event) == cudaErrorNotReady;
  cudaGetLastError();
  return !waits;
}

inline void wait_for(cudaEvent_t event) noexcept {
  const AllocatorScope scope;
  if (cudaEventSynchronize(event) != cudaSuccess) cudaGetLastError();
}

}  // namespace libtensor::cuda
