/* Finding the operation whose derivative fails. */
#ifndef TENSOR_ANOMALY_H
#define TENSOR_ANOMALY_H

#include "tensor/node.h"

#ifdef __cplusplus
extern "C" {
#endif

/* While detection is on, in the whole process, every node of a graph remembers where it was
 * recorded; the message of an error in backward then ends with that, and with check_nan a
 * derivative that is NaN is such an error: "Function 'LogBackward0' returned nan values in its 0th
 * output." It costs time and memory: for debugging. */
TENSOR_API tensor_status_t tensor_set_detect_anomaly(bool enabled, bool check_nan);
/* Either result may be NULL. */
TENSOR_API tensor_status_t tensor_detect_anomaly(bool* enabled, bool* check_nan);

/* Tells where in the program this thread is: any text, copied; NULL or "" for nowhere. Nodes that
 * are recorded from here on remember it, while detection is on. */
TENSOR_API tensor_status_t tensor_set_location(const char* location);

/* Asks the program instead, for each node, on the thread that records it: for languages that know
 * their call stack. `function` writes its text as tensor_to_string does; what it returns with
 * another status than TENSOR_OK is no text. It is called while detection is on only, and must not
 * record operations itself. destroy(user), if not NULL, is called once, when another callback is
 * set or (function NULL) none; not at the end of the process. */
typedef tensor_status_t (*tensor_location_function_t)(void* user, char* buffer, size_t capacity,
                                                      size_t* length);
TENSOR_API tensor_status_t tensor_set_location_callback(tensor_location_function_t function,
                                                        void* user, void (*destroy)(void* user));

/* Where the node was recorded; "" where nobody told, or detection was off. As tensor_to_string. */
TENSOR_API tensor_status_t tensor_node_location(const tensor_node_t* node, char* buffer,
                                                size_t capacity, size_t* length);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_ANOMALY_H */
