/* Devices, streams and events. A CUDA device works through what is put into its streams while the
 * host goes on; the CPU has one stream, the default one, whose work is done when a call returns. So
 * all functions about streams and events take any device. Errors, besides those named:
 * TENSOR_ERROR_UNAVAILABLE where there is no such device, or where it has failed. */
#ifndef TENSOR_CUDA_H
#define TENSOR_CUDA_H

#include "tensor/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a device says of itself. Begin with tensor_device_properties_default(); fields may be added
 * at the end. */
typedef struct {
  size_t struct_size;    /* sizeof(tensor_device_properties_t) of the caller */
  uint64_t total_memory; /* bytes; 0 for the CPU */
  int32_t major, minor;  /* compute capability; 0.0 for the CPU */
  int32_t multiprocessors;
  int32_t max_threads_per_multiprocessor;
  char name[256];
} tensor_device_properties_t;

TENSOR_INLINE tensor_device_properties_t tensor_device_properties_default(void) {
  tensor_device_properties_t properties = {sizeof(tensor_device_properties_t), 0, 0, 0, 0, 0, {0}};
  return properties;
}

/* How many CUDA devices there are: 0 where tensor_cuda_is_available() says no. */
TENSOR_API tensor_status_t tensor_cuda_device_count(int32_t* out);
TENSOR_API tensor_status_t tensor_device_properties(tensor_device_t device,
                                                    tensor_device_properties_t* out);
/* The calling thread's current device: what a CUDA device of index -1 stands for; 0 at first.
 * CUDA's own current device, which the host may have set, is neither read nor changed. Errors of
 * the second: there is no such device. */
TENSOR_API tensor_status_t tensor_cuda_current_device(int32_t* out);
TENSOR_API tensor_status_t tensor_cuda_set_device(int32_t index);

/* Whether matrix products of float32 may round their factors to TF32 (10 bits of mantissa) on CUDA
 * devices, which is several times as fast there; for the whole process, and not at first. */
TENSOR_API tensor_status_t tensor_cuda_allow_tf32(bool allowed);
TENSOR_API bool tensor_cuda_tf32_allowed(void);

/* When the library sees that an index, the target of a loss or an integer divisor is not allowed.
 * On a CUDA device, at first: when the kernel meets it, and so that the host need not wait. The
 * kernel uses nothing outside of the tensor; the results are of no use. The next call that waits
 * for the device (tensor_device_synchronize, tensor_stream_synchronize, tensor_event_synchronize,
 * reading a value, a copy to or from the host that waits, and a query that finds the work done)
 * gives the error that the CPU gives at once, with the name of the operation that met it, and once:
 * one error stands for all that the device has met until then. The device can be used as before.
 * With `at_once`, for the whole process: the operation waits, gives the error itself, and has
 * changed nothing, as on the CPU. */
TENSOR_API tensor_status_t tensor_cuda_check_at_once(bool at_once);
TENSOR_API bool tensor_cuda_checks_at_once(void);

/* Waits until all work of the device is done. */
TENSOR_API tensor_status_t tensor_device_synchronize(tensor_device_t device);

/* A queue of work of one device, which runs in the order in which it was put there; different
 * streams' work runs in any order, unless events say otherwise. Work of an operation goes into the
 * current stream of the calling thread. A tensor that one stream has written may be read in another
 * only after that one waits for an event: the library does not see to it. */
typedef struct tensor_stream_t tensor_stream_t;

/* The calling thread's current stream of a device; the default stream, until another is set. */
TENSOR_API tensor_status_t tensor_stream_current(tensor_device_t device, tensor_stream_t** out);
/* The stream that every thread begins with. */
TENSOR_API tensor_status_t tensor_stream_default(tensor_device_t device, tensor_stream_t** out);
/* One of a pool of 32 for each device and priority, in turn; lower numbers run first, and numbers
 * outside of the device's range are brought into it. The CPU gives its default stream. */
TENSOR_API tensor_status_t tensor_stream_new(tensor_device_t device, int32_t priority,
                                             tensor_stream_t** out);
/* Makes it the calling thread's current stream of its device. */
TENSOR_API tensor_status_t tensor_stream_set_current(const tensor_stream_t* stream);
TENSOR_API tensor_status_t tensor_stream_device(const tensor_stream_t* stream,
                                                tensor_device_t* out);
/* The cudaStream_t; NULL for the default stream. */
TENSOR_API tensor_status_t tensor_stream_native(const tensor_stream_t* stream, void** out);
/* Waits until all work put there so far is done. */
TENSOR_API tensor_status_t tensor_stream_synchronize(const tensor_stream_t* stream);
/* Is it done? Does not wait. */
TENSOR_API tensor_status_t tensor_stream_query(const tensor_stream_t* stream, bool* out);
/* Work put into the stream so far uses t: when t's memory is given back, it goes to nobody else
 * before that work is done. For tensors that another stream than that in which they were made uses;
 * for pinned ones, the copies themselves see to it. Errors: t and stream are of different devices.
 */
TENSOR_API tensor_status_t tensor_record_stream(const tensor_t* t, const tensor_stream_t* stream);
/* Is t in pinned memory of the host (tensor_pin_memory)? */
TENSOR_API tensor_status_t tensor_is_pinned(const tensor_t* t, bool* out);
/* As tensor_release. The stream itself stays; its work goes on. */
TENSOR_API tensor_status_t tensor_stream_release(tensor_stream_t* stream);

/* A point in a stream's work. */
typedef struct tensor_event_t tensor_event_t;

/* Not recorded yet: nothing to wait for. `timing`: tensor_event_elapsed will be asked. */
TENSOR_API tensor_status_t tensor_event_new(tensor_device_t device, bool timing,
                                            tensor_event_t** out);
/* The point that the stream, which must be of the event's device, has now come to. */
TENSOR_API tensor_status_t tensor_event_record(const tensor_event_t* event,
                                               const tensor_stream_t* stream);
/* Work put into the stream from now on waits for the event; the host does not. */
TENSOR_API tensor_status_t tensor_stream_wait_event(const tensor_stream_t* stream,
                                                    const tensor_event_t* event);
TENSOR_API tensor_status_t tensor_event_synchronize(const tensor_event_t* event);
TENSOR_API tensor_status_t tensor_event_query(const tensor_event_t* event, bool* out);
/* Milliseconds from one to the other; both must be past, and made with `timing`. */
TENSOR_API tensor_status_t tensor_event_elapsed(const tensor_event_t* start,
                                                const tensor_event_t* end, double* out);
/* As tensor_release. */
TENSOR_API tensor_status_t tensor_event_release(tensor_event_t* event);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_CUDA_H */
