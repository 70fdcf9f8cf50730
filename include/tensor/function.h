/* Differentiable functions that a program writes itself: torch.autograd.Function for C.
 *
 *   tensor_function_begin(inputs, 2, "ScaleBackward", backward, user, destroy, &function);
 *   ... compute the outputs with recording off (tensor_grad_enabled_set) ...
 *   tensor_function_save_for_backward(function, &inputs[0], 1);
 *   tensor_function_finish(function, &output, 1, &result);
 *   tensor_function_release(function);
 *
 * Where nothing is to be recorded (no input requires grad, or recording is off at begin), finish
 * still gives the outputs, and the backward callback is never called. */
#ifndef TENSOR_FUNCTION_H
#define TENSOR_FUNCTION_H

#include "tensor/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One application of such a function: a node of the graph. Not an address, checked on every use. */
typedef struct tensor_function_t tensor_function_t;

/* Begins an application to `inputs` (NULL entries stand for arguments that are no tensors).
 * `name` is the node's; it is copied.
 * `backward` is given the gradients of the outputs, borrowed (NULL where there is none, but see
 * tensor_function_set_materialize_grads), and writes those of the inputs to grad_inputs, one for
 * each entry of `inputs`, preset to NULL: handles of its own, which the library takes over, or NULL
 * for none. They need not be computed where tensor_function_needs_input_grad says no. `function` is
 * borrowed as well. How it runs, and what its status does: see tensor/hooks.h. With create_graph
 * recording is on while it runs. `destroy` is called with `user` exactly once: when the node goes,
 * or at once where begin fails. */
TENSOR_API tensor_status_t tensor_function_begin(
    tensor_t* const* inputs, size_t input_count, const char* name,
    tensor_status_t (*backward)(void* user, tensor_function_t* function,
                                tensor_t* const* grad_outputs, size_t output_count,
                                tensor_t** grad_inputs, size_t input_count),
    void* user, void (*destroy)(void* user), tensor_function_t** out);

/* Will backward be called, if the outputs get gradients? */
TENSOR_API tensor_status_t tensor_function_is_recorded(const tensor_function_t* function,
                                                       bool* out);
/* Does input number `index` want its gradient? Errors: index out of range. */
TENSOR_API tensor_status_t tensor_function_needs_input_grad(const tensor_function_t* function,
                                                            size_t index, bool* out);

/* --- before finish */

/* What backward will ask for with tensor_function_saved_tensors: inputs, outputs or others, NULL
 * entries allowed. They are kept as operations keep theirs: a change in place is noticed, and they
 * are freed once backward has run. */
TENSOR_API tensor_status_t tensor_function_save_for_backward(tensor_function_t* function,
                                                             tensor_t* const* tensors,
                                                             size_t count);
/* Inputs that forward changed in place; each must be among the outputs. */
TENSOR_API tensor_status_t tensor_function_mark_dirty(tensor_function_t* function,
                                                      tensor_t* const* tensors, size_t count);
/* Outputs that have no derivative. */
TENSOR_API tensor_status_t tensor_function_mark_non_differentiable(tensor_function_t* function,
                                                                   tensor_t* const* tensors,
                                                                   size_t count);
/* Does backward get zeros (the default) for an output without a gradient, or NULL? */
TENSOR_API tensor_status_t tensor_function_set_materialize_grads(tensor_function_t* function,
                                                                 bool value);
/* backward runs without recording, and to differentiate its results is an error. */
TENSOR_API tensor_status_t tensor_function_set_once_differentiable(tensor_function_t* function,
                                                                   bool value);

/* Gives the outputs their place in the graph: results[i] is a handle, owned by the caller, of
 * outputs[i] itself, or of a view of it where it is an input that was not changed. NULL entries of
 * outputs stand for results that are no tensors. Where nothing is recorded, or an output has no
 * derivative, it requires no grad: one that is an input is given as another tensor over its memory.
 * Where it fails, nothing has changed, and it may be called again. Errors: finished already; a
 * dirty tensor that is no output, no input, a leaf that requires grad, or a view beside other
 * outputs. */
TENSOR_API tensor_status_t tensor_function_finish(tensor_function_t* function,
                                                  tensor_t* const* outputs, size_t output_count,
                                                  tensor_t** results);

/* --- in backward */

TENSOR_API tensor_status_t tensor_function_saved_count(const tensor_function_t* function,
                                                       size_t* out);
/* Writes handles of all saved tensors, owned by the caller, to `tensors`; `capacity` must be at
 * least their number. Errors: freed by an earlier backward; changed in place since. */
TENSOR_API tensor_status_t tensor_function_saved_tensors(const tensor_function_t* function,
                                                         tensor_t** tensors, size_t capacity);

/* As tensor_release. The graph keeps what it needs. */
TENSOR_API tensor_status_t tensor_function_release(tensor_function_t* function);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_FUNCTION_H */
