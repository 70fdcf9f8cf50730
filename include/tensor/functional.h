/* Derivatives of functions: products with Jacobians and Hessians, and whole ones. */
#ifndef TENSOR_FUNCTIONAL_H
#define TENSOR_FUNCTIONAL_H

#include "tensor/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A function of the caller's: computes outputs from inputs.
 *
 * inputs: input_count handles that belong to the library; the function does not release them, and
 *   they end when it returns (tensor_retain makes one that does not).
 * outputs: output_count places, NULL at first. The function writes a handle to each, and the
 *   library takes them over. The same handle may stand in two places, and an input's handle may be
 *   an output. A tensor that the caller wants to keep too is given as a second handle
 *   (tensor_retain).
 * returns: TENSOR_OK; or another status, which then is that of the call that the function was
 *   given to, with the message of this thread's last call that failed inside the function, or
 *   the one it left with tensor_set_last_error. What it has written to outputs is released then.
 * scopes: the library opens none. A function that opens one (tensor_scope_push at its start,
 *   tensor_scope_pop(outputs, output_count) at its end) need not release what it makes in between;
 *   a scope that it leaves open, because it returned early, is closed for it.
 * threads: called on the thread of the call, before that returns, unless said otherwise. It may
 *   call every function of the library, these included. It must not throw, nor jump out.
 * user: what the caller gave beside the function. */
typedef tensor_status_t (*tensor_callable_t)(void* user, tensor_t* const* inputs,
                                             size_t input_count, tensor_t** outputs,
                                             size_t output_count);

/* Start from tensor_functional_options_default(); fields may be added at the end. NULL stands for
 * the defaults. */
typedef struct {
  size_t struct_size; /* sizeof(tensor_functional_options_t) of the caller */
  bool create_graph;  /* the results can be differentiated again */
  bool strict; /* an input that an output does not depend on is an error; else its derivative is 0
                */
} tensor_functional_options_t;

TENSOR_INLINE tensor_functional_options_t tensor_functional_options_default(void) {
  tensor_functional_options_t options = {sizeof(tensor_functional_options_t), false, false};
  return options;
}

/* All of these call `function` with inputs of its own (views of the caller's that share their
 * memory), with recording on, and write results only on success; the caller owns them.
 * v: one tensor for each output (vjp) or input (the others), of its shape; NULL where that is one
 *   tensor of one element, for 1.
 * outputs: the function's values, output_count handles; or NULL, for no need of them.
 * Errors: what the function returns; a v of another shape; inputs that are not floating. */

/* v^T J: writes input_count handles of the inputs' shapes to vjp. */
TENSOR_API tensor_status_t tensor_vjp(tensor_callable_t function, void* user,
                                      tensor_t* const* inputs, size_t input_count,
                                      tensor_t* const* v,
                                      const tensor_functional_options_t* options,
                                      tensor_t** outputs, size_t output_count, tensor_t** vjp);

/* J v: writes output_count handles of the outputs' shapes to jvp. Costs two backward passes. */
TENSOR_API tensor_status_t tensor_jvp(tensor_callable_t function, void* user,
                                      tensor_t* const* inputs, size_t input_count,
                                      tensor_t* const* v,
                                      const tensor_functional_options_t* options,
                                      tensor_t** outputs, size_t output_count, tensor_t** jvp);

/* v^T H and H v, of a function with one output of one element: input_count handles of the inputs'
 * shapes. output: the function's value, or NULL. */
TENSOR_API tensor_status_t tensor_vhp(tensor_callable_t function, void* user,
                                      tensor_t* const* inputs, size_t input_count,
                                      tensor_t* const* v,
                                      const tensor_functional_options_t* options, tensor_t** output,
                                      tensor_t** vhp);
TENSOR_API tensor_status_t tensor_hvp(tensor_callable_t function, void* user,
                                      tensor_t* const* inputs, size_t input_count,
                                      tensor_t* const* v,
                                      const tensor_functional_options_t* options, tensor_t** output,
                                      tensor_t** hvp);

/* Writes output_count * input_count handles to jacobian: at [i * input_count + j] the derivative
 * of output i with respect to input j, of shape (output i's shape, input j's shape). One backward
 * pass for each element of the outputs. */
TENSOR_API tensor_status_t tensor_jacobian(tensor_callable_t function, void* user,
                                           tensor_t* const* inputs, size_t input_count,
                                           const tensor_functional_options_t* options,
                                           size_t output_count, tensor_t** jacobian);

/* Writes input_count * input_count handles to hessian: at [i * input_count + j] the derivative of
 * (d output / d input i) with respect to input j, of a function with one output of one element. */
TENSOR_API tensor_status_t tensor_hessian(tensor_callable_t function, void* user,
                                          tensor_t* const* inputs, size_t input_count,
                                          const tensor_functional_options_t* options,
                                          tensor_t** hessian);

/* A vector-Jacobian product that is kept: the function runs once, when it is made, and the product
 * as often as wanted. The handle keeps the graph in between alive, and what it saved. */
typedef struct tensor_vjp_t tensor_vjp_t;

TENSOR_API tensor_status_t tensor_vjp_new(tensor_callable_t function, void* user,
                                          tensor_t* const* inputs, size_t input_count,
                                          size_t output_count, tensor_vjp_t** out);
/* As tensor_release. */
TENSOR_API tensor_status_t tensor_vjp_release(tensor_vjp_t* vjp);
TENSOR_API tensor_status_t tensor_vjp_input_count(const tensor_vjp_t* vjp, size_t* out);
TENSOR_API tensor_status_t tensor_vjp_output_count(const tensor_vjp_t* vjp, size_t* out);
/* Output number `index` of the function, owned by the caller; with its history, which
 * tensor_grad_fn and tensor_node_edge walk. Errors: index out of range. */
TENSOR_API tensor_status_t tensor_vjp_output(const tensor_vjp_t* vjp, size_t index, tensor_t** out);
/* Input number `index` as the function got it: a leaf that shares the given one's memory, or a view
 * of it where that has a history. */
TENSOR_API tensor_status_t tensor_vjp_input(const tensor_vjp_t* vjp, size_t index, tensor_t** out);
/* Writes v^T J, one handle for each input, to `products`; zeros for an input that no output depends
 * on. v: one tensor for each output, or NULL for one output of one element. With create_graph the
 * products can be differentiated with respect to v and to the inputs. Errors: a v of another
 * shape; an input or a saved tensor was changed in place since. */
TENSOR_API tensor_status_t tensor_vjp_run(const tensor_vjp_t* vjp, tensor_t* const* v,
                                          bool create_graph, tensor_t** products);

/* Start from tensor_checkpoint_options_default(); fields may be added at the end. NULL stands for
 * the defaults. */
typedef struct {
  size_t struct_size;      /* sizeof(tensor_checkpoint_options_t) of the caller */
  bool preserve_rng_state; /* true: the second run draws the random numbers of the first */
  bool early_stop;         /* true: the second run ends with the last tensor that is needed */
} tensor_checkpoint_options_t;

TENSOR_INLINE tensor_checkpoint_options_t tensor_checkpoint_options_default(void) {
  tensor_checkpoint_options_t options = {sizeof(tensor_checkpoint_options_t), true, false};
  return options;
}

/* Writes function(inputs) to outputs, output_count handles that the caller owns, and lets its nodes
 * keep nothing for backward: when that first needs a saved tensor of theirs, the function runs
 * again, on the thread of that pass, and must compute the same. So the memory held is that of the
 * inputs and outputs; the price is a second run. Checkpoints nest, work with create_graph and with
 * tensor_autograd_grad, and follow tensors that the function reaches through `user`.
 * A place in outputs that the function leaves NULL stays NULL. destroy(user), if not NULL, is
 * called exactly once: when the graph needs the function no more, or before a call that fails
 * returns. With early_stop, PyTorch's default, the operation that saves the last tensor fails in
 * the second run with TENSOR_ERROR_CANCELLED, and whatever the function then returns is taken for
 * success: only for functions that stop quietly where an operation fails.
 * Errors: what the function returns. Errors of backward: the function saved fewer tensors the
 * second time, or others, or (without early_stop) more; an input was changed in place since; one
 * saved tensor is asked for twice in a pass. */
TENSOR_API tensor_status_t tensor_checkpoint(tensor_callable_t function, void* user,
                                             void (*destroy)(void* user), tensor_t* const* inputs,
                                             size_t input_count,
                                             const tensor_checkpoint_options_t* options,
                                             tensor_t** outputs, size_t output_count);

/* How to compare gradients. Start from tensor_gradcheck_options_default(); fields may be added at
 * the end. NULL stands for the defaults. */
typedef struct {
  size_t struct_size;        /* sizeof(tensor_gradcheck_options_t) of the caller */
  double eps;                /* 1e-6: an element is moved by as much up and down */
  double atol;               /* 1e-5: |analytic - numeric| <= atol + rtol |numeric| */
  double rtol;               /* 1e-3 */
  double nondet_tol;         /* 0: by how much two runs of backward may differ */
  bool check_undefined_grad; /* true: run backward with undefined gradients too */
  bool fast_mode; /* false; true: compare v^T J u for one pair of vectors, with two calls of the
                     function for each input */
} tensor_gradcheck_options_t;

TENSOR_INLINE tensor_gradcheck_options_t tensor_gradcheck_options_default(void) {
  tensor_gradcheck_options_t options = {
      sizeof(tensor_gradcheck_options_t), 1e-6, 1e-5, 1e-3, 0, true, false};
  return options;
}

/* Compares what backward gives with central differences, for each input that requires grad: these
 * should be float64, and the point one where the function is smooth. The function is called with
 * the inputs themselves, whose elements are moved in place by eps for the time of a call (their
 * versions stay) and then put back. TENSOR_ERROR_GRADCHECK where the two differ, with both
 * Jacobians in the message. Other errors: no input requires grad; one that does has a stride of 0;
 * what the function returns; its outputs are not the same in number, shape, dtype or dependence in
 * each call. Call it while recording is on. */
TENSOR_API tensor_status_t tensor_gradcheck(tensor_callable_t function, void* user,
                                            tensor_t* const* inputs, size_t input_count,
                                            size_t output_count,
                                            const tensor_gradcheck_options_t* options);

/* The same for the function's gradient, with respect to the inputs and to the gradient that
 * arrives. grad_outputs: that gradient, one for each output that requires grad; NULL for random
 * ones (from the library's generator). */
TENSOR_API tensor_status_t tensor_gradgradcheck(tensor_callable_t function, void* user,
                                                tensor_t* const* inputs, size_t input_count,
                                                size_t output_count, tensor_t* const* grad_outputs,
                                                size_t grad_output_count,
                                                const tensor_gradcheck_options_t* options);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_FUNCTIONAL_H */
