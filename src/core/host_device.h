// Marks what both the host and CUDA's kernels call.
#pragma once

#if defined(__CUDACC__)
#define LIBTENSOR_HOST_DEVICE __host__ __device__
#else
#define LIBTENSOR_HOST_DEVICE
#endif
#define LIBTENSOR_INLINE LIBTENSOR_HOST_DEVICE inline __attribute__((always_inline))
