/* What functions return, and the message that goes with it. */
#ifndef TENSOR_STATUS_H
#define TENSOR_STATUS_H

#include <stdint.h>

#include "tensor/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 0 is success. Numbers are never reused; new ones may be added, so treat an unknown one as a plain
 * error. */
typedef int32_t tensor_status_t;
enum {
  TENSOR_OK = 0,
  TENSOR_ERROR_INVALID_ARGUMENT = 1, /* what PyTorch raises as RuntimeError */
  TENSOR_ERROR_INVALID_HANDLE = 2,   /* NULL, released, of another kind, or not from this library */
  TENSOR_ERROR_TYPE = 3,             /* PyTorch's TypeError */
  TENSOR_ERROR_VALUE = 4,            /* PyTorch's ValueError */
  TENSOR_ERROR_INDEX = 5,            /* PyTorch's IndexError */
  TENSOR_ERROR_NOT_IMPLEMENTED =
      6, /* PyTorch's NotImplementedError: this operation has no kernel for this dtype */
  TENSOR_ERROR_OUT_OF_MEMORY = 7,
  TENSOR_ERROR_UNAVAILABLE = 8, /* a device that this machine or build does not have */
  TENSOR_ERROR_INTERNAL = 9,    /* a bug in the library */
  TENSOR_ERROR_CANCELLED = 10,  /* by tensor_cancel */
  TENSOR_ERROR_GRADCHECK = 11   /* PyTorch's GradcheckError: a gradient is wrong */
};

/* In a function that returns a tensor_status_t: returns what `call` returns where that is an error.
 */
#define TENSOR_TRY(call)                                          \
  do {                                                            \
    const tensor_status_t tensor_try_status = (call);             \
    if (tensor_try_status != TENSOR_OK) return tensor_try_status; \
  } while (0)

/* The message of this thread's last call that failed; "" where none did. In PyTorch's words where
 * PyTorch has the same error. The string belongs to the library and stays valid until the thread's
 * next failing call. */
TENSOR_API const char* tensor_last_error(void);

/* For callbacks: makes `message` (copied) this thread's last error and returns `status`, so that a
 * function of the caller's that fails says why: return tensor_set_last_error(TENSOR_ERROR_VALUE,
 * "..."). NULL stands for "". */
TENSOR_API tensor_status_t tensor_set_last_error(tensor_status_t status, const char* message);

/* A short name of a status: "out of memory". Never NULL; static. */
TENSOR_API const char* tensor_status_name(tensor_status_t status);

/* The library's version, 0xMMmmpp: major, minor, patch. */
TENSOR_API uint32_t tensor_version(void);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_STATUS_H */
