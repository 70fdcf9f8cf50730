/* What tests ask of the emulator: exported by libtensor_cuda_emulated.so besides the plug-in's
 * entry, found with dlsym or ctypes. */
#ifndef CUDA_EMULATOR_EMULATOR_H
#define CUDA_EMULATOR_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 0: all work runs at once and in order. Others: streams and threads in an order drawn by the seed.
 */
void cuda_emulator_set_seed(uint64_t seed);
/* Bytes that each device has. */
void cuda_emulator_set_capacity(size_t bytes);
/* How many devices the machine has; before the plug-in's entry is called. */
void cuda_emulator_set_device_count(int count);
/* Whether the driver has virtual memory; before the plug-in's entry is called. */
void cuda_emulator_set_virtual_memory(bool has);

/* cudaMalloc and cudaFree on device 0, for a program that provides the memory. */
void* cuda_emulator_malloc(size_t bytes);
void cuda_emulator_free(void* data);

/* What was found wrong so far. Waiting work is run first, so that it can be found. */
size_t cuda_emulator_report_count(void);
/* Snprintf-like. */
size_t cuda_emulator_report(size_t index, char* buffer, size_t capacity);
void cuda_emulator_clear_reports(void);
/* Reports device memory, streams and events that nobody gave back. */
void cuda_emulator_report_leaks(void);

/* The n-th allocation (or launch) from now on fails, once; 0: none does. */
void cuda_emulator_fail_allocation(int64_t n);
void cuda_emulator_fail_launch(int64_t n);
/* Every call fails with this CUDA error from now on, as after a kernel's illegal access; 0 ends it.
 */
void cuda_emulator_set_sticky_error(int error);

/* Calls of more elements are cut into several kernels from now on; at first the devices' 2^30. */
void cuda_emulator_set_max_kernel_elements(int64_t count);
/* How often the host has waited for a stream, an event or a device; what the allocator waits for is
 * not counted. */
uint64_t cuda_emulator_waits(void);

#ifdef __cplusplus
}
#endif

#endif /* CUDA_EMULATOR_EMULATOR_H */
