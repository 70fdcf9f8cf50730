// Faults that a test asks for, and the devices' state after one.
#pragma once

#include <cstdint>

#include "include/cuda_runtime.h"

namespace cuda_emulator {

// 2, or as many as CUDA_VISIBLE_DEVICES lists, which CUDA asks too.
int visible_devices();

struct Faults {
  int device_count = visible_devices();
  bool virtual_memory = true;             // the driver has it
  int64_t allocations_until_failure = 0;  // 1: the next one fails; 0: none
  int64_t launches_until_failure = 0;
  int64_t max_kernel_elements = int64_t{1}
                                << 30;     // beyond these a call is cut into several kernels
  cudaError_t sticky = cudaSuccess;        // every call gives it from now on
  cudaError_t event_record = cudaSuccess;  // what recording an event gives
  cudaError_t event_query = cudaSuccess;   // what asking for one and waiting for one give
};
Faults& faults();
// Counts one down; true when it comes to 0.
bool is_due(int64_t& until_failure);

}  // namespace cuda_emulator
