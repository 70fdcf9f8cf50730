/* libtensor: tensors, in-place operations and automatic differentiation behind a stable C ABI.
 *
 * Every function that can fail returns a tensor_status_t: TENSOR_OK, or an error whose message
 * tensor_last_error() gives. On failure no result is written and no argument is changed. Results
 * come last, through pointers; a tensor_t* that a function gives belongs to the caller, who gives
 * it back with tensor_release. The library never prints, throws, exits or aborts.
 *
 * Threads: any function may be called from any thread. To write a tensor while another thread uses
 * it is a race, as with any memory: elements may be wrong afterwards, and nothing else. Whoever
 * changes its shape, memory or history (an output that takes another shape, squeeze_, set_data,
 * detach_, what is recorded in place) must be alone with it: such a call fails while a call of
 * another thread uses the tensor, and a call that is to use it while it is being changed so fails
 * as well, both with TENSOR_ERROR_INVALID_ARGUMENT. What is recorded in place on a view changes the
 * history of its base. */
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
