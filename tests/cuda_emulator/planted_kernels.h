// Kernels with and without a mistake, for the tests of the emulator.
#pragma once

#include <cuda_runtime.h>

namespace planted {

// values[i] = i + 1.
void fill(float* values, unsigned count, cudaStream_t stream);
// One element too many is written.
void fill_too_far(float* values, unsigned count, cudaStream_t stream);
// to[i] = from[i] + 1.
void add_one(const float* from, float* to, unsigned count, cudaStream_t stream);
// The same, each thread four elements at once: both must be aligned to 16 bytes.
void copy_fours(const float* from, float* to, unsigned count, cudaStream_t stream);
// Turns 64 elements round, through shared memory; without the barrier between writing and reading.
void reverse(const float* from, float* to, bool barrier, cudaStream_t stream);
// Sums 32 elements with shuffles.
void warp_sum(const float* from, float* to, cudaStream_t stream);
// Half of a block's threads leave before the barrier, or stand at another one; half of a warp takes
// part in a collective that names all.
void barrier_in_branch(cudaStream_t stream);
void shuffle_in_branch(float* to, cudaStream_t stream);
// Shared memory is read before anything was written there.
void read_empty_shared(float* to, cudaStream_t stream);
// All threads of several blocks add to one element, with and without an atomic operation.
void count(unsigned* total, bool atomic, cudaStream_t stream);

}  // namespace planted
