/* For bindings of languages that collect garbage: who holds whom inside the library, so that a
 * collector can find cycles that lead through it, and which object of the language stands for a
 * tensor. */
#ifndef TENSOR_OWNERSHIP_H
#define TENSOR_OWNERSHIP_H

#include "tensor/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an entry says. Numbers of objects are those of one call only. */
typedef int32_t tensor_ownership_kind_t;
enum {
  TENSOR_OWNERSHIP_HANDLE = 1, /* handles[from] stands for object `to` */
  TENSOR_OWNERSHIP_OBJECT = 2, /* object `from` holds object `to` */
  TENSOR_OWNERSHIP_USER = 3,   /* object `from` holds the user pointer `to` */
  TENSOR_OWNERSHIP_OTHER = 4   /* object `to` is held by what is not in the list too; from: 0 */
};

typedef struct {
  tensor_ownership_kind_t kind;
  uint64_t from, to;
} tensor_ownership_t;

/* What the handles lead to, along tensors, nodes, hooks and custom functions: *count gets how many
 * entries there are, and `entries` the first min(capacity, *count). handles: of tensors, nodes,
 * hooks or functions, as numbers; those that are none, or released, lead nowhere. Only what leads
 * to a user pointer that was handed in with this `destroy` is listed; such pointers may be those of
 * hooks, custom functions, checkpoints, saved-tensor hooks and what these packed, and companions.
 * What is not listed as held is held by something else. No other thread may use what the handles
 * lead to meanwhile. Errors: destroy is NULL. */
TENSOR_API tensor_status_t tensor_ownership(const uint64_t* handles, size_t handle_count,
                                            void (*destroy)(void* user),
                                            tensor_ownership_t* entries, size_t capacity,
                                            size_t* count);

/* The same number for all handles of one tensor, while the tensor lives. */
TENSOR_API tensor_status_t tensor_id(const tensor_t* t, uint64_t* out);
/* Are there references to the tensor beside this handle: other handles, nodes, views? */
TENSOR_API tensor_status_t tensor_is_shared(const tensor_t* t, bool* out);
/* Lets the tensor hold `user` until it gets another companion or is gone; destroy(user) is called
 * then, once, or before a call that fails returns. With destroy NULL it has none from here on. */
TENSOR_API tensor_status_t tensor_set_companion(tensor_t* t, void* user,
                                                void (*destroy)(void* user));

/* A tensor whose gradient leads back to it, as one that was computed with create_graph does or a
 * view of the tensor, keeps itself alive. This takes their gradients from all such tensors that
 * nothing else holds; *count gets how many. No other thread may use tensors meanwhile. */
TENSOR_API tensor_status_t tensor_collect_cycles(size_t* count);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_OWNERSHIP_H */
