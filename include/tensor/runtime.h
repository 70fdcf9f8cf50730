/* Settings of the whole library.
 *
 * Threads of the host that call the library need a stack of 64 KiB. The library may be unloaded
 * (dlclose) when no thread is inside a call or just ends: it gives back all that it has but what
 * tensors hold whose handles are still open; it calls the memory provider's functions and what
 * callbacks are set have as destroy, which must not call the library then. Once a CUDA device was
 * looked for and found, it stays loaded. */
#ifndef TENSOR_RUNTIME_H
#define TENSOR_RUNTIME_H

#include "tensor/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Seeds the random numbers of all devices: the same seed gives the same numbers, and PyTorch's. */
TENSOR_API tensor_status_t tensor_manual_seed(uint64_t seed);
/* The seed last set, or the unpredictable one that the process began with. */
TENSOR_API tensor_status_t tensor_initial_seed(uint64_t* out);

/* The state of the CPU's generator, a uint8 tensor of 5056 elements that the caller owns; its bytes
 * are those of PyTorch's torch.get_rng_state(). To set it makes the random numbers go on from
 * there. Errors: a state of another dtype or size, or one that no generator has. */
TENSOR_API tensor_status_t tensor_get_rng_state(tensor_t** out);
TENSOR_API tensor_status_t tensor_set_rng_state(const tensor_t* state);

/* How many threads an operation may use, in the whole process; at first what OMP_NUM_THREADS says,
 * or the processors that the process may use by its affinity and its control groups. Results do not
 * depend on it. Calls of several threads share these: one that finds none free works alone. They
 * start when a large operation first wants them, and where the system starts no further thread
 * there are fewer; a forked child starts its own. They are named "libtensor", leave the program's
 * signals to its own threads, and round, flush subnormal numbers to zero and raise floating-point
 * exceptions as the calling thread does. The host's own OpenMP and BLAS settings are not touched.
 * Errors: n < 1, or more than eight for each processor and more than 64. */
TENSOR_API tensor_status_t tensor_set_num_threads(int32_t n);
TENSOR_API int32_t tensor_get_num_threads(void);

/* Can tensors live on a CUDA device? The first call opens the CUDA plug-in, which lies beside the
 * library. */
TENSOR_API bool tensor_cuda_is_available(void);
/* Why not; "" where they can. Static. */
TENSOR_API const char* tensor_cuda_unavailable_reason(void);
/* Opens the backend in another file, whose devices are the process's CUDA devices from then on.
 * Must come before the first use of a CUDA device. Errors: TENSOR_ERROR_UNAVAILABLE with the reason
 * where it cannot be opened, is not of the same build as the library, finds no device, or a backend
 * is loaded already. */
TENSOR_API tensor_status_t tensor_backend_load(const char* path);

/* Where warnings go, in the whole process: what works, and is hardly meant, such as a loss whose
 * target is broadcast. The words are PyTorch's. Nowhere at first, and with function NULL.
 * function(user, message) is called in the middle of the call that warns, on that call's thread,
 * several at once where several threads warn, and never under a lock of the library. `message` is
 * valid until it returns. It may call the library, whose warnings are dropped meanwhile. Where it
 * does not return TENSOR_OK, the call that warned fails with that status and the message of
 * tensor_set_last_error, and has changed nothing. destroy(user), which may be NULL, is called once:
 * when another function is set and no call of this one runs any more, or where this call fails; not
 * at the end of the process. */
TENSOR_API tensor_status_t
tensor_set_warning_callback(tensor_status_t (*function)(void* user, const char* message),
                            void* user, void (*destroy)(void* user));

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_RUNTIME_H */
