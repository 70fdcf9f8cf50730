// Events for the allocators, where nothing may be thrown. What cannot be told is taken for work
// that still runs; only a device that has failed for good runs nothing any more.
#pragma once

#include <block_watch.h>
#include <cuda_runtime.h>

#include "cuda/check.h"
#include "memory/provider.h"

namespace libtensor::cuda {

inline cudaEvent_t native_event(memory::Event event) {
  return reinterpret_cast<cudaEvent_t>(event);
}

// What MemoryProvider::record gives. `unused`, an event of the current device or nullptr for a new
// one, is destroyed where it is not what comes back.
inline memory::Event mark(cudaEvent_t unused, cudaStream_t stream) noexcept {
  cudaEvent_t event = unused;
  cudaError_t error =
      event ? cudaSuccess : cudaEventCreateWithFlags(&event, cudaEventDisableTiming);
  if (error == cudaSuccess) {
    error = cudaEventRecord(event, stream);
    if (error == cudaSuccess) return reinterpret_cast<memory::Event>(event);
    cudaEventDestroy(event);
  }
  cudaGetLastError();
  return is_lost(error) ? memory::kPassedEvent : 0;
}

// Does the answer to a question about an event say that its work is done?
inline bool says_done(cudaError_t answer) noexcept {
  if (answer == cudaSuccess) return true;
  cudaGetLastError();
  return is_lost(answer);
}

inline bool has_passed(memory::Event event) noexcept {
  if (event == memory::kPassedEvent) return true;
  const AllocatorScope scope;
  return says_done(cudaEventQuery(native_event(event)));
}

inline bool wait_for(memory::Event event) noexcept {
  if (event == memory::kPassedEvent) return true;
  const AllocatorScope scope;
  return says_done(cudaEventSynchronize(native_event(event)));
}

}  // namespace libtensor::cuda
