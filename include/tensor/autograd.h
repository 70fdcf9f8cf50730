/* Gradients. */
#ifndef TENSOR_AUTOGRAD_H
#define TENSOR_AUTOGRAD_H

#include "tensor/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Asks for the gradient of a leaf: a tensor that no recorded operation made. Errors: not a floating
 * dtype; not a leaf. */
TENSOR_API tensor_status_t tensor_set_requires_grad(tensor_t* t, bool requires_grad);
TENSOR_API tensor_status_t tensor_requires_grad(const tensor_t* t, bool* out);
TENSOR_API tensor_status_t tensor_is_leaf(const tensor_t* t, bool* out);

/* Is t a view of another tensor, for autograd: does a change of one in place reach the other's
 * history? */
TENSOR_API tensor_status_t tensor_is_view(const tensor_t* t, bool* out);

/* The gradient that backward added up in a leaf; NULL (with TENSOR_OK) where there is none. The
 * caller owns the handle. */
TENSOR_API tensor_status_t tensor_grad(const tensor_t* t, tensor_t** out);
/* Replaces it; NULL clears it. Errors: another shape, dtype or device than t's. */
TENSOR_API tensor_status_t tensor_set_grad(tensor_t* t, const tensor_t* gradient);

/* The same elements in a new tensor that requires no grad and, unlike that of tensor_detach, has a
 * version of its own: changing it in place is not noticed where the elements were saved for
 * backward, which then computes with the changed ones. PyTorch's `.data`. */
TENSOR_API tensor_status_t tensor_variable_data(const tensor_t* t, tensor_t** out);
/* Gives t the elements, shape, dtype and device of `data`, and shares data's memory from then on.
 * t's version, history, grad and hooks stay. Errors: t requires grad and data is not floating. */
TENSOR_API tensor_status_t tensor_set_data(tensor_t* t, const tensor_t* data);

/* Whether operations of this thread are recorded. *previous, if not NULL, gets the setting before.
 */
TENSOR_API tensor_status_t tensor_grad_enabled_set(bool enabled, bool* previous);
TENSOR_API tensor_status_t tensor_grad_enabled(bool* out);

/* Whether this thread makes inference tensors: cheaper ones that no graph may hold. In inference
 * mode nothing is recorded, whatever tensor_grad_enabled says. What an operation makes there is an
 * inference tensor, but for views of others; outside it may be read, not saved for a derivative or
 * changed in place. *previous, if not NULL, gets the setting before. */
TENSOR_API tensor_status_t tensor_inference_mode_set(bool enabled, bool* previous);
TENSOR_API tensor_status_t tensor_inference_mode(bool* out);
TENSOR_API tensor_status_t tensor_is_inference(const tensor_t* t, bool* out);

/* The name of the node that made t, as PyTorch's ("MulBackward0"); "" for a leaf. As
 * tensor_to_string. */
TENSOR_API tensor_status_t tensor_grad_fn_name(const tensor_t* t, char* buffer, size_t capacity,
                                               size_t* length);

/* Takes t out of the graph, in place. Errors: a view. */
TENSOR_API tensor_status_t tensor_detach_(tensor_t* t);

/* Lets t, which is no leaf, keep its gradient for tensor_grad, as leaves do; nothing happens where
 * it is a leaf. An operation that changes t in place makes it the gradient of the new content.
 * Errors: t does not require grad. */
TENSOR_API tensor_status_t tensor_retain_grad(tensor_t* t);
/* Was that asked for? false for a leaf. */
TENSOR_API tensor_status_t tensor_retains_grad(const tensor_t* t, bool* out);

/* A request to stop backward passes: those whose options name it end with TENSOR_ERROR_CANCELLED
 * before they run their next node. tensor_cancel may be called on any thread, and holds until
 * reset. A pass that was stopped has added to the gradients of the leaves that it had reached, and
 * freed what the nodes that ran had saved (unless the graph is retained), as one that fails. */
typedef struct tensor_cancel_t tensor_cancel_t;
TENSOR_API tensor_status_t tensor_cancel_new(tensor_cancel_t** out);
TENSOR_API tensor_status_t tensor_cancel(tensor_cancel_t* cancel);
TENSOR_API tensor_status_t tensor_cancel_reset(tensor_cancel_t* cancel);
/* As tensor_release; a pass that runs keeps the request. */
TENSOR_API tensor_status_t tensor_cancel_release(tensor_cancel_t* cancel);

/* How to run backward. Start from tensor_backward_options_default(); fields may be added at the
 * end. */
typedef struct {
  size_t struct_size;       /* sizeof(tensor_backward_options_t) of the caller */
  const tensor_t* gradient; /* of t itself; NULL: 1, for a t of one element */
  bool retain_graph;        /* keep what was saved, so that backward can run again */
  bool create_graph; /* record the backward pass, for higher derivatives; retains the graph too */
  bool
      allow_unused; /* tensor_autograd_grad: a NULL result for an input that no output depends on */
  tensor_t* const* inputs; /* backward: add to the gradients of these only (leaves or not), and run
                              only what leads to them; NULL: to those of all leaves */
  size_t input_count;
  const tensor_cancel_t* cancel; /* NULL: the pass cannot be stopped */
  bool materialize_grads; /* tensor_autograd_grad: zeros for an input that no output depends on */
} tensor_backward_options_t;

TENSOR_INLINE tensor_backward_options_t tensor_backward_options_default(void) {
  tensor_backward_options_t options = {
      sizeof(tensor_backward_options_t), NULL, false, false, false, NULL, 0, NULL, false};
  return options;
}

/* Adds d t / d leaf to the gradient of every leaf that t was computed from. Errors: t does not
 * require grad; t has more than one element and no gradient is given; the graph was freed by an
 * earlier backward; a tensor that the graph saved was changed in place since. */
TENSOR_API tensor_status_t tensor_backward(tensor_t* t);
TENSOR_API tensor_status_t tensor_backward_with(tensor_t* t,
                                                const tensor_backward_options_t* options);

/* The same for several tensors at once. grad_tensors: one per tensor, NULL entries (or NULL for
 * all) meaning ones for tensors of one element. `gradient` of the options is not used. */
TENSOR_API tensor_status_t tensor_autograd_backward(tensor_t* const* tensors, size_t count,
                                                    tensor_t* const* grad_tensors,
                                                    const tensor_backward_options_t* options);

/* Writes d outputs / d inputs[i] to grads[i] (input_count handles, owned by the caller) and changes
 * no leaf's gradient. grad_outputs: one per output, NULL entries (or NULL for all) meaning ones for
 * outputs of one element. `gradient` of the options is not used. Errors: as backward; an input that
 * no output depends on, unless allow_unused or materialize_grads. */
TENSOR_API tensor_status_t tensor_autograd_grad(tensor_t* const* outputs, size_t output_count,
                                                tensor_t* const* inputs, size_t input_count,
                                                tensor_t* const* grad_outputs,
                                                const tensor_backward_options_t* options,
                                                tensor_t** grads);
/* For callbacks: whether the backward pass that runs on this thread, or one that it runs within,
 * computes only some gradients: that of tensor_autograd_grad, or one with `inputs`. False outside
 * of backward. */
TENSOR_API tensor_status_t tensor_backward_is_partial(bool* out);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_AUTOGRAD_H */
