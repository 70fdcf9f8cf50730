/* Nodes of the graph: the operations that backward runs through. */
#ifndef TENSOR_NODE_H
#define TENSOR_NODE_H

#include "tensor/autograd.h"
#include "tensor/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A node of the graph. Not an address, checked on every use; keeps the node, and with it the graph
 * below, alive. Several handles may stand for one node: tensor_node_id tells. */
typedef struct tensor_node_t tensor_node_t;

/* A place in the graph: output number `output_nr` of the operation that `node` is the derivative
 * of. The gradient of that output goes there. */
typedef struct {
  const tensor_node_t* node; /* borrowed */
  uint32_t output_nr;
} tensor_edge_t;

/* The node that made t, owned by the caller; NULL (with TENSOR_OK) for a leaf. */
TENSOR_API tensor_status_t tensor_grad_fn(const tensor_t* t, tensor_node_t** out);
/* Where the gradient of t goes: its grad_fn, or the AccumulateGrad of a leaf that requires grad;
 * NULL where t does not require grad. *output_nr, if not NULL, gets which of the node's outputs t
 * is. */
TENSOR_API tensor_status_t tensor_gradient_edge(const tensor_t* t, tensor_node_t** out,
                                                uint32_t* output_nr);

/* A second handle of the same node. */
TENSOR_API tensor_status_t tensor_node_retain(tensor_node_t* node, tensor_node_t** out);
/* As tensor_release. */
TENSOR_API tensor_status_t tensor_node_release(tensor_node_t* node);

/* The same number for all handles of one node, while the node lives. */
TENSOR_API tensor_status_t tensor_node_id(const tensor_node_t* node, uint64_t* out);
/* As PyTorch's: "MulBackward0". As tensor_to_string. */
TENSOR_API tensor_status_t tensor_node_name(const tensor_node_t* node, char* buffer,
                                            size_t capacity, size_t* length);
/* Counts the nodes of a thread in the order they were made; UINT64_MAX for AccumulateGrad. */
TENSOR_API tensor_status_t tensor_node_sequence(const tensor_node_t* node, uint64_t* out);

/* A node has an edge for each input of its operation, to the node that made the input. */
TENSOR_API tensor_status_t tensor_node_edge_count(const tensor_node_t* node, size_t* out);
/* The node at the end of edge number `index`, owned by the caller, or NULL where that input needs
 * no gradient; *output_nr, if not NULL, gets which of its outputs the edge leads to. Errors: index
 * out of range. */
TENSOR_API tensor_status_t tensor_node_edge(const tensor_node_t* node, size_t index,
                                            tensor_node_t** out, uint32_t* output_nr);
/* The leaf that an AccumulateGrad adds to, owned by the caller; NULL for other nodes. */
TENSOR_API tensor_status_t tensor_node_variable(const tensor_node_t* node, tensor_t** out);

/* As tensor_autograd_backward, from places in the graph: the tensors that were made there need not
 * exist any more. grads: one per root, NULL entries (or NULL for all) meaning ones for an output of
 * one element. Errors: as there; a node that is NULL; an output_nr that its node does not have. */
TENSOR_API tensor_status_t tensor_autograd_backward_edges(const tensor_edge_t* roots, size_t count,
                                                          tensor_t* const* grads,
                                                          const tensor_backward_options_t* options);
/* As tensor_autograd_grad, from places in the graph to places in it. */
TENSOR_API tensor_status_t tensor_autograd_grad_edges(
    const tensor_edge_t* outputs, size_t output_count, const tensor_edge_t* inputs,
    size_t input_count, tensor_t* const* grad_outputs, const tensor_backward_options_t* options,
    tensor_t** grads);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_NODE_H */
