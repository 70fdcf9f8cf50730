#include "planted_kernels.h"

#include <device_language.h>

namespace planted {
namespace {

using libtensor::cuda::LaunchConfig;
using libtensor::cuda::shared_memory;
using libtensor::cuda::start_kernel;

__global__ void fill_kernel(float* values, unsigned count) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) values[i] = static_cast<float>(i + 1);
}

__global__ void add_one_kernel(const float* from, float* to, unsigned count) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) to[i] = from[i] + 1;
}

struct alignas(16) Four {
  float values[4];
};

__global__ void copy_fours_kernel(const float* from, float* to, unsigned count) {
  const unsigned i = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
  if (i + 4 <= count) *reinterpret_cast<Four*>(to + i) = *reinterpret_cast<const Four*>(from + i);
}

__global__ void reverse_kernel(const float* from, float* to, bool barrier) {
  float* const shared = shared_memory<float>();
  shared[threadIdx.x] = from[threadIdx.x];
  if (barrier) __syncthreads();
  to[threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}

__global__ void warp_sum_kernel(const float* from, float* to) {
  float value = from[threadIdx.x];
  for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
  if (__all_sync(0xffffffffu, value > 0) && threadIdx.x == 0) *to = value;
}

// Both halves of a block may wait at barriers of their own on today's GPUs; a loop of which one
// half comes out early may not.
__global__ void barrier_in_branch_kernel() {
  if (threadIdx.x < 32) {
    __syncwarp();
    __shfl_sync(0xffffffffu, 1, 0);
    return;
  }
  if (threadIdx.x < 48) __syncthreads();
  __shfl_sync(0xffffffffu, 1, 0);
}

__global__ void shuffle_in_branch_kernel(float* to) {
  if (threadIdx.x >= 16) return;
  to[threadIdx.x] = __shfl_sync(0xffffffffu, 1.0f, 20);
}

__global__ void read_empty_shared_kernel(float* to) {
  to[threadIdx.x] = shared_memory<float>()[threadIdx.x];
}

__global__ void count_kernel(unsigned* total, bool atomic) {
  if (atomic) {
    atomicAdd(total, 1u);
  } else {
    *total += 1;
  }
}

}  // namespace

void fill(float* values, unsigned count, cudaStream_t stream) {
  start_kernel(fill_kernel, {"fill", stream, (count + 63) / 64, 64}, values, count);
}
void fill_too_far(float* values, unsigned count, cudaStream_t stream) {
  start_kernel(fill_kernel, {"fill_too_far", stream, (count + 64) / 64, 64}, values, count + 1);
}
void add_one(const float* from, float* to, unsigned count, cudaStream_t stream) {
  start_kernel(add_one_kernel, {"add_one", stream, (count + 63) / 64, 64}, from, to, count);
}
void copy_fours(const float* from, float* to, unsigned count, cudaStream_t stream) {
  start_kernel(copy_fours_kernel, {"copy_fours", stream, 1, 64}, from, to, count);
}
void reverse(const float* from, float* to, bool barrier, cudaStream_t stream) {
  start_kernel(reverse_kernel, {"reverse", stream, 1, 64, 64 * sizeof(float)}, from, to, barrier);
}
void warp_sum(const float* from, float* to, cudaStream_t stream) {
  start_kernel(warp_sum_kernel, {"warp_sum", stream, 1, 32}, from, to);
}
void barrier_in_branch(cudaStream_t stream) {
  start_kernel(barrier_in_branch_kernel, {"barrier_in_branch", stream, 1, 64});
}
void shuffle_in_branch(float* to, cudaStream_t stream) {
  start_kernel(shuffle_in_branch_kernel, {"shuffle_in_branch", stream, 1, 32}, to);
}
void read_empty_shared(float* to, cudaStream_t stream) {
  start_kernel(read_empty_shared_kernel, {"read_empty_shared", stream, 1, 32, 128}, to);
}
void count(unsigned* total, bool atomic, cudaStream_t stream) {
  start_kernel(count_kernel, {"count", stream, 4, 32}, total, atomic);
}

}  // namespace planted
