/* Handles: who owns them, and how many there are. */
#ifndef TENSOR_HANDLE_H
#define TENSOR_HANDLE_H

#include "tensor/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A second handle of the same tensor; the caller owns it. */
TENSOR_API tensor_status_t tensor_retain(tensor_t* t, tensor_t** out);

/* Gives a handle back. The tensor goes with its last handle, unless a view, a graph or a gradient
 * still needs it. NULL is fine; a handle released before gives TENSOR_ERROR_INVALID_HANDLE. Handles
 * may be released in any order and on any thread, but not while another thread is inside a call
 * with them. Needs no memory. */
TENSOR_API tensor_status_t tensor_release(tensor_t* t);

/* Between push and pop, every handle that this thread gets is remembered; pop releases those that
 * still live, but for the `count` handles in `keep` (NULL entries are fine), which go to the scope
 * around, if there is one, else to the caller. Scopes nest. Errors of pop: no scope is open, or a
 * handle in `keep` is not live. It needs no memory. */
TENSOR_API tensor_status_t tensor_scope_push(void);
TENSOR_API tensor_status_t tensor_scope_pop(tensor_t* const* keep, size_t count);

/* Handles not released yet, in the whole process: a program without leaks ends with the number it
 * began with. Handles of other kinds (tensor_node_t, tensor_hook_t, ...) count as well. Each kind
 * has its own tensor_<kind>_release, with the rules of tensor_release; no scope releases them. */
TENSOR_API size_t tensor_live_handles(void);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_HANDLE_H */
