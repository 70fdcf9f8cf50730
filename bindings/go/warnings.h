// Warnings of the library, which Go hears.
#ifndef LIBTENSOR_GO_WARNINGS_H
#define LIBTENSOR_GO_WARNINGS_H

#include "call.h"

// Go's; the message is only read. It says why it fails through `reason`, to be freed.
extern tensor_status_t libtensorWarned(char* message, char** reason);

static inline tensor_status_t go_warned(void* user, const char* message) {
  (void)user;
  char* reason = NULL;
  tensor_status_t status = libtensorWarned((char*)message, &reason);
  if (status != TENSOR_OK) tensor_set_last_error(status, reason);
  free(reason);
  return status;
}

static inline go_result go_set_warnings(bool heard) {
  return go_finish(tensor_set_warning_callback(heard ? go_warned : NULL, NULL, NULL), 0, 0);
}

#endif  // LIBTENSOR_GO_WARNINGS_H
