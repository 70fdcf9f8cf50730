// Thread-local state that is read at every call.
#pragma once

// One instruction instead of a function call. What has this comes out of a small room that all
// libraries of a process share, so it is for single words only.
#define LIBTENSOR_FAST_THREAD_LOCAL \
  constinit thread_local __attribute__((tls_model("initial-exec")))
