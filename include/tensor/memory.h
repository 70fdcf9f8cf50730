/* Device memory: what is held and by whom, limits, and what to do when it is out.
 *
 * Each device has one caching allocator: what tensors give back is kept for the next ones, and goes
 * back to the device when memory is short, after a while (CPU), or by tensor_memory_empty_cache.
 * All functions may be called from any thread. Elements of at most 1 KiB on the CPU come from pools
 * of the library's own, and appear nowhere here. Bytes are uint64_t throughout; structs begin with
 * struct_size, which the caller sets to sizeof the struct, so that fields can be added at the end.
 */
#ifndef TENSOR_MEMORY_H
#define TENSOR_MEMORY_H

#include "tensor/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Levels in bytes now, and the most they have been since the last tensor_memory_reset_peaks. */
typedef struct {
  size_t struct_size;
  uint64_t allocated; /* in tensors' hands, as they asked for it */
  uint64_t allocated_peak;
  uint64_t active; /* blocks that cannot be reused now: with rounding, and what other streams use */
  uint64_t active_peak;
  uint64_t reserved; /* taken from the device */
  uint64_t reserved_peak;
  uint64_t allocations; /* counts, since the process began */
  uint64_t frees;
  uint64_t device_calls;   /* that took memory from the device or gave it back */
  uint64_t waits;          /* for the device, to get memory back */
  uint64_t pressure_calls; /* of the pressure callback */
  uint64_t out_of_memory;  /* allocations that failed */
  uint64_t capacity; /* that may be reserved: the device, or the budget; UINT64_MAX: no limit */
} tensor_memory_stats_t;

TENSOR_INLINE tensor_memory_stats_t tensor_memory_stats_default(void) {
  tensor_memory_stats_t stats = {
      sizeof(tensor_memory_stats_t), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  return stats;
}

/* Of a device as a whole. Errors: out is NULL or its struct_size is too small; the device is not
 * there. */
TENSOR_API tensor_status_t tensor_memory_stats(tensor_device_t device, tensor_memory_stats_t* out);

/* Of each stream that has allocated: stats and numbers of streams for at most `capacity` of them,
 * *count is how many there are. stats[0].struct_size says how large the caller's structs are. What
 * belongs to the device as a whole (device_calls and below) is 0. On the CPU, "streams" are groups
 * of threads. `streams` and `stats` may be NULL where capacity is 0. */
TENSOR_API tensor_status_t tensor_memory_stream_stats(tensor_device_t device, uint64_t* streams,
                                                      tensor_memory_stats_t* stats, size_t capacity,
                                                      size_t* count);

/* All peaks of the device become what is there now. */
TENSOR_API tensor_status_t tensor_memory_reset_peaks(tensor_device_t device);

/* Gives back to the device all memory that nobody uses. Waits for the device's work where it must.
 */
TENSOR_API tensor_status_t tensor_memory_empty_cache(tensor_device_t device);

/* Tags: a word of the program's own, such as "activations", that the blocks allocated by this
 * thread from now on carry, in snapshots, histories, budgets and messages. NULL or "" takes it
 * away. At most 1023 different tags of at most 255 bytes in a process. */
TENSOR_API tensor_status_t tensor_memory_set_tag(const char* tag);
/* This thread's tag, "" for none, as snprintf would write it: *length is without the final 0. */
TENSOR_API tensor_status_t tensor_memory_tag(char* buffer, size_t capacity, size_t* length);

/* At most `bytes` are reserved on the device (UINT64_MAX: no limit, as at first). Cached memory
 * goes before an allocation fails. What is held already stays. */
TENSOR_API tensor_status_t tensor_memory_set_budget(tensor_device_t device, uint64_t bytes);
/* At most `bytes` of blocks with this tag are allocated on the device. Errors: no tag. */
TENSOR_API tensor_status_t tensor_memory_set_tag_budget(tensor_device_t device, const char* tag,
                                                        uint64_t bytes);
/* Bytes that carry the tag now, and the most there have been. */
TENSOR_API tensor_status_t tensor_memory_tag_bytes(tensor_device_t device, const char* tag,
                                                   uint64_t* allocated, uint64_t* peak);

/* function(user, device, bytes) is called before an allocation of `bytes` on the device fails: on
 * the thread that allocates, in the middle of its call, without any lock of the library. It may
 * release tensors, and should return true if trying again makes sense; it is then called again if
 * that is not enough. It must not return to its caller by a jump or an exception. NULL takes the
 * callback away. destroy(user), which may be NULL, is called once, when the callback is replaced
 * and no call of it runs any more; on failure of this function it is not called. */
TENSOR_API tensor_status_t tensor_memory_set_pressure_callback(
    tensor_device_t device, bool (*function)(void* user, tensor_device_t device, uint64_t bytes),
    void* user, void (*destroy)(void* user));

/* From now on the device's memory comes from allocate(user, bytes), which returns NULL where it has
 * none, and goes back by free(user, data, bytes). Sizes are multiples of 2 MiB, addresses must be
 * multiples of 64, of CUDA devices of 512. The two are called by one thread at a time, inside
 * allocations and releases, without any lock of the library: they may call it, and fork. What they
 * allocate themselves is the system's memory, and of CUDA devices refused. Memory of a CUDA device
 * comes back when the device has come past all that the library has put into streams with it.
 * Memory from the provider before stays its own; what is unused of it is given back at once.
 * allocate and free both NULL: the system's or the driver's memory, as at first. On CUDA devices,
 * this memory and the driver's have statistics, budgets, history and callback of their own: what is
 * asked or set is that of the current one. destroy(user), which may be NULL, is called once, when
 * the provider is replaced and has all its memory back; on failure of this function it is not
 * called. Errors: the device is not there. */
TENSOR_API tensor_status_t tensor_memory_set_provider(
    tensor_device_t device, void* (*allocate)(void* user, uint64_t bytes),
    void (*free)(void* user, void* data, uint64_t bytes), void* user, void (*destroy)(void* user));

/* What a block of memory is. */
typedef int32_t tensor_memory_block_state_t;
enum {
  TENSOR_MEMORY_USED = 0,    /* a tensor's */
  TENSOR_MEMORY_WAITING = 1, /* given back, but another stream may still use it */
  TENSOR_MEMORY_FREE = 2     /* cached */
};

/* One run of reserved bytes. */
typedef struct {
  size_t struct_size;
  uint64_t address;
  uint64_t bytes;
  uint64_t requested; /* used blocks: what was asked for */
  uint64_t stream;
  tensor_memory_block_state_t state;
  int32_t reserved;   /* 0 */
  char tag[256];      /* used blocks: "" for none */
  char operation[64]; /* used blocks: the function that allocated, "tensor_add" */
} tensor_memory_block_t;

TENSOR_INLINE tensor_memory_block_t tensor_memory_block_default(void) {
  tensor_memory_block_t block = {sizeof(tensor_memory_block_t), 0, 0, 0, 0, 0, 0, {0}, {0}};
  return block;
}

/* Every block of the device, by stream and address: at most `capacity` are written, *count is how
 * many there are. blocks[0].struct_size says how large the caller's structs are. */
TENSOR_API tensor_status_t tensor_memory_snapshot(tensor_device_t device,
                                                  tensor_memory_block_t* blocks, size_t capacity,
                                                  size_t* count);

/* Keeps the device's last `max_events` allocations and frees from now on; 0 stops, and forgets. An
 * event takes 48 bytes. */
TENSOR_API tensor_status_t tensor_memory_history_record(tensor_device_t device, size_t max_events);
/* The recorded events as a text that tools/allocator-replay reads (docs/allocator.md has the
 * format): a line each, with tag and operation as a comment. Written as snprintf would: at most
 * `capacity` bytes, the last of them 0; *length is without it. Errors: nothing is being recorded.
 */
TENSOR_API tensor_status_t tensor_memory_history(tensor_device_t device, char* buffer,
                                                 size_t capacity, size_t* length);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_MEMORY_H */
