/* Nodes of the graph: the operations that backward runs through. */
#ifndef TENSOR_NODE_H
#define TENSOR_NODE_H

#include "tensor/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A node of the graph. Not an address, checked on every use; keeps the node, and with it the graph
 * below, alive. Several handles may stand for one node: tensor_node_id tells. */
typedef struct tensor_node_t tensor_node_t;

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

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_NODE_H */
