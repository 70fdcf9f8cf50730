// Memory behind tensors, which Go's collector does not see.
#ifndef LIBTENSOR_GO_MEMORY_H
#define LIBTENSOR_GO_MEMORY_H

#include <unistd.h>

#include "call.h"

// Go's.
extern bool libtensorPressed(void* user, tensor_device_t device, uint64_t bytes);

static inline go_result go_watch_memory(tensor_device_t device) {
  return go_finish(tensor_memory_set_pressure_callback(device, libtensorPressed, NULL, NULL), 0, 0);
}

static inline go_result go_set_memory_budget(tensor_device_t device, uint64_t bytes) {
  return go_finish(tensor_memory_set_budget(device, bytes), 0, 0);
}

static inline go_result go_empty_cache(tensor_device_t device) {
  return go_finish(tensor_memory_empty_cache(device), 0, 0);
}

// first: bytes in tensors' hands; second: bytes taken from the device.
static inline go_result go_memory_levels(tensor_device_t device) {
  tensor_memory_stats_t stats = {0};
  stats.struct_size = sizeof stats;
  tensor_status_t status = tensor_memory_stats(device, &stats);
  return go_finish(status, (uintptr_t)stats.allocated, (uintptr_t)stats.reserved);
}

static inline uint64_t go_physical_memory(void) {
  return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGE_SIZE);
}

#endif  // LIBTENSOR_GO_MEMORY_H
