/* Looking at a graph: its nodes in order, what they have saved, how much memory they hold, pictures
 * of it. See node.h for walking it by hand. */
#ifndef TENSOR_GRAPH_H
#define TENSOR_GRAPH_H

#include "tensor/node.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The nodes that the outputs were made by, each once, in the order in which backward runs them:
 * *count gets how many, and `nodes` the first min(capacity, *count) handles, owned by the caller.
 * outputs: tensors that require grad; others have no nodes. */
TENSOR_API tensor_status_t tensor_graph_nodes(tensor_t* const* outputs, size_t output_count,
                                              tensor_node_t** nodes, size_t capacity,
                                              size_t* count);

/* A node keeps some inputs and results of its operation for backward, under the names that the
 * derivative has for them ("self", "other", "result"). Backward frees them, unless the graph is
 * retained. */
TENSOR_API tensor_status_t tensor_node_saved_count(const tensor_node_t* node, size_t* out);
/* As tensor_to_string. Errors: index out of range. */
TENSOR_API tensor_status_t tensor_node_saved_name(const tensor_node_t* node, size_t index,
                                                  char* buffer, size_t capacity, size_t* length);
/* The tensor itself, with its history, owned by the caller; NULL where none was needed. Errors:
 * index out of range; freed by backward; changed in place since. */
TENSOR_API tensor_status_t tensor_node_saved_tensor(const tensor_node_t* node, size_t index,
                                                    tensor_t** out);

/* Memory held, in bytes. Begin with tensor_graph_memory_default(); fields may be added at the end.
 */
typedef struct {
  size_t struct_size;      /* sizeof(tensor_graph_memory_t) of the caller */
  uint64_t nodes;          /* how many nodes */
  uint64_t node_bytes;     /* the nodes themselves */
  uint64_t saved_tensors;  /* how many tensors they keep for backward */
  uint64_t saved_storages; /* the different storages behind these: views share one */
  uint64_t saved_bytes;    /* of these storages, each counted once */
} tensor_graph_memory_t;

TENSOR_INLINE tensor_graph_memory_t tensor_graph_memory_default(void) {
  tensor_graph_memory_t memory = {sizeof(tensor_graph_memory_t), 0, 0, 0, 0, 0};
  return memory;
}

/* What one node holds, and what the whole graph behind the outputs does. */
TENSOR_API tensor_status_t tensor_node_memory(const tensor_node_t* node,
                                              tensor_graph_memory_t* memory);
TENSOR_API tensor_status_t tensor_graph_memory(tensor_t* const* outputs, size_t output_count,
                                               tensor_graph_memory_t* memory);

/* What to show in a picture. Begin with tensor_graph_picture_options_default(); fields may be added
 * at the end. NULL stands for the defaults. */
typedef struct {
  size_t struct_size;       /* sizeof(tensor_graph_picture_options_t) of the caller */
  bool show_saved;          /* what each node has saved, with shape and bytes */
  const char* const* names; /* of the leaves in `leaves`, or NULL */
  tensor_t* const* leaves;  /* leaf_count tensors that names are given to */
  size_t leaf_count;
} tensor_graph_picture_options_t;

TENSOR_INLINE tensor_graph_picture_options_t tensor_graph_picture_options_default(void) {
  tensor_graph_picture_options_t options = {sizeof(tensor_graph_picture_options_t), false, NULL,
                                            NULL, 0};
  return options;
}

/* The graph behind the outputs as text: for Graphviz (DOT), as an SVG picture, or as an HTML page
 * that holds the picture and needs nothing else. Arrows lead the way that gradients flow. As
 * tensor_to_string. */
TENSOR_API tensor_status_t tensor_graph_to_dot(tensor_t* const* outputs, size_t output_count,
                                               const tensor_graph_picture_options_t* options,
                                               char* buffer, size_t capacity, size_t* length);
TENSOR_API tensor_status_t tensor_graph_to_svg(tensor_t* const* outputs, size_t output_count,
                                               const tensor_graph_picture_options_t* options,
                                               char* buffer, size_t capacity, size_t* length);
TENSOR_API tensor_status_t tensor_graph_to_html(tensor_t* const* outputs, size_t output_count,
                                                const tensor_graph_picture_options_t* options,
                                                char* buffer, size_t capacity, size_t* length);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_GRAPH_H */
