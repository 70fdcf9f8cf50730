/* libtensor: tensors, in-place operations and automatic differentiation behind a stable C ABI.
 *
 * Every function that can fail returns a tensor_status_t: TENSOR_OK, or an error whose message
 * tensor_last_error() gives. On failure no result is written and no argument is changed. Results
 * come last, through pointers; a tensor_t* that a function gives belongs to the caller, who gives
 * it back with tensor_release. Any function may be called from any thread; to write a tensor while
 * another thread uses it is a race, as with any memory. The library never prints, throws, exits or
 * aborts. */
#ifndef TENSOR_TENSOR_H
#define TENSOR_TENSOR_H

#include "tensor/anomaly.h"
#include "tensor/autograd.h"
#include "tensor/cuda.h"
#include "tensor/data.h"
#include "tensor/function.h"
#include "tensor/functional.h"
#include "tensor/graph.h"
#include "tensor/handle.h"
#include "tensor/hooks.h"
#include "tensor/memory.h"
#include "tensor/node.h"
#include "tensor/ops.h"
#include "tensor/ownership.h"
#include "tensor/runtime.h"
#include "tensor/status.h"
#include "tensor/types.h"

#endif /* TENSOR_TENSOR_H */
