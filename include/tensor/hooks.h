/* Callbacks that run during backward, or when nodes save tensors.
 *
 * Each is a function, a `user` pointer that it is given, and a `destroy` (or NULL) that is called
 * with `user` exactly once: when the callback is removed or what it was attached to is gone, and
 * also where the registration fails. A callback runs on the thread that runs backward (deep inside
 * passes within passes: on a helper thread, while that one waits). It may call any function of the
 * library, backward included. A status other than TENSOR_OK ends the pass, which returns it with
 * the message that the callback left: that of a call that failed, or one of tensor_set_last_error.
 *
 * What a callback leaves open or switches (scopes, saved-tensor hooks, the modes of recording) is
 * put back when it returns, and it cannot close what its caller opened.
 *
 * Handles that a callback is given are borrowed: valid until it returns, not to be released. Where
 * it may replace one, it writes a handle of its own in its place, which the library takes over, or
 * NULL for "no gradient". It may neither give a gradient where there was none nor change the shape,
 * dtype or device of one, be it in place: that ends the pass with an error. */
#ifndef TENSOR_HOOKS_H
#define TENSOR_HOOKS_H

#include "tensor/node.h"
#include "tensor/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A callback that was registered. Removing it takes the callback out; releasing the handle does
 * not. */
typedef struct tensor_hook_t tensor_hook_t;
/* The callback will not be called again; but where a hook removes one that is to run after it, for
 * the same gradient, that one still runs, as in PyTorch. To remove it twice is fine. */
TENSOR_API tensor_status_t tensor_hook_remove(tensor_hook_t* hook);
/* As tensor_release. */
TENSOR_API tensor_status_t tensor_hook_release(tensor_hook_t* hook);

/* `hook` runs each time the gradient of t has been computed, before the node that made t runs, and
 * may replace it by one of the same shape, dtype and device. *grad may be NULL. Hooks run in the
 * order in which they were registered. One that was registered before t was changed in place still
 * gets the gradient of the old content. out may be NULL, here and below. Errors: t does not require
 * grad. */
TENSOR_API tensor_status_t
tensor_register_hook(tensor_t* t, tensor_status_t (*hook)(void* user, tensor_t** grad), void* user,
                     void (*destroy)(void* user), tensor_hook_t** out);

/* `hook` runs each time a backward pass has added to the gradient of the leaf t. Errors: t does not
 * require grad, or is no leaf. */
TENSOR_API tensor_status_t tensor_register_post_accumulate_grad_hook(
    tensor_t* t, tensor_status_t (*hook)(void* user, tensor_t* t), void* user,
    void (*destroy)(void* user), tensor_hook_t** out);

/* `hook` runs once in each backward pass that computes the gradient of any of `tensors`: when the
 * last of those that the pass computes is there, before the node that made that tensor runs.
 * grads[i] is the gradient of tensors[i], NULL where the pass computes none. A gradient has what
 * the hooks registered before have made of it. Errors: one of the tensors does not require grad;
 * then nothing is registered. */
TENSOR_API tensor_status_t tensor_register_multi_grad_hook(
    tensor_t* const* tensors, size_t count,
    tensor_status_t (*hook)(void* user, tensor_t* const* grads, size_t count), void* user,
    void (*destroy)(void* user), tensor_hook_t** out);

/* `hook` runs once in each backward pass that computes the gradient of any of `tensors`, with the
 * first that is computed. Errors: as above. */
TENSOR_API tensor_status_t tensor_register_any_grad_hook(
    tensor_t* const* tensors, size_t count, tensor_status_t (*hook)(void* user, tensor_t* grad),
    void* user, void (*destroy)(void* user), tensor_hook_t** out);

/* `hook` runs before the node does, after the hooks of tensors, and may replace the gradients of
 * its outputs. */
TENSOR_API tensor_status_t tensor_node_register_prehook(
    tensor_node_t* node, tensor_status_t (*hook)(void* user, tensor_t** grad_outputs, size_t count),
    void* user, void (*destroy)(void* user), tensor_hook_t** out);

/* `hook` runs after the node has, and may replace the gradients of its inputs. */
TENSOR_API tensor_status_t tensor_node_register_hook(
    tensor_node_t* node,
    tensor_status_t (*hook)(void* user, tensor_t** grad_inputs, size_t input_count,
                            tensor_t* const* grad_outputs, size_t output_count),
    void* user, void (*destroy)(void* user), tensor_hook_t** out);

/* Has `callback` called once, when the backward pass that runs on this thread is done; then
 * destroy. Where the pass fails, only destroy. Errors: no backward pass runs. */
TENSOR_API tensor_status_t tensor_queue_callback(tensor_status_t (*callback)(void* user),
                                                 void* user, void (*destroy)(void* user));

/* Until the pop, every tensor that a node of this thread saves is given to `pack`, which writes
 * what is to be kept in its place: any pointer. `unpack` makes a tensor of it again, of the same
 * shape and dtype, whose handle the library takes over; it may be called several times, or never.
 * `discard` (or NULL) is called with each packed pointer exactly once, when it is no longer needed.
 * pack must not change the tensor in place. Where it fails, so does the operation, which changes
 * nothing: an in-place one gives it a tensor of what it is about to write. Recording is off while
 * pack runs. Pushes nest: the last one is used. Errors: hooks are disabled. */
TENSOR_API tensor_status_t tensor_saved_tensors_hooks_push(
    tensor_status_t (*pack)(void* user, tensor_t* t, void** packed),
    tensor_status_t (*unpack)(void* user, void* packed, tensor_t** out),
    void (*discard)(void* user, void* packed), void* user, void (*destroy)(void* user));
/* Errors: nothing was pushed on this thread. */
TENSOR_API tensor_status_t tensor_saved_tensors_hooks_pop(void);
/* Lets a push on this thread fail with `message`; NULL: allows it again. Errors: some are pushed.
 */
TENSOR_API tensor_status_t tensor_saved_tensors_hooks_disable(const char* message);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_HOOKS_H */
