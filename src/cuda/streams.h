// Each thread has a current stream on each device; further streams come from pools.
#pragma once

#include <cuda_runtime.h>

namespace libtensor::cuda {

cudaStream_t current_stream(int device) noexcept;
void set_current_stream(int device, cudaStream_t stream) noexcept;

// The next of the pool of this priority, which is brought into the device's range. Streams are made
// when they are first given out, and live as long as the process.
cudaStream_t pooled_stream(int device, int priority);

}  // namespace libtensor::cuda
