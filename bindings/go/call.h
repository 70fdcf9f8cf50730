// How Go calls the library. A goroutine may move to another thread between two calls, where another
// message would wait: so status, message and results come back from one call. Handles are integers
// here, so that Go's collector never takes one for an address.
#ifndef LIBTENSOR_GO_CALL_H
#define LIBTENSOR_GO_CALL_H

#include <stdlib.h>
#include <string.h>

#include "tensor/tensor.h"

typedef struct {
  tensor_status_t status;
  char* message;  // of a call that failed; to be freed
  uintptr_t first, second;
} go_result;

static inline tensor_t* go_handle(uintptr_t handle) { return (tensor_t*)handle; }

static inline go_result go_finish(tensor_status_t status, uintptr_t first, uintptr_t second) {
  go_result result = {status, NULL, first, second};
  if (status != TENSOR_OK) result.message = strdup(tensor_last_error());
  return result;
}

#endif  // LIBTENSOR_GO_CALL_H
