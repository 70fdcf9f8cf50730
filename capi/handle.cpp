#include "tensor/handle.h"

#include "arguments.h"
#include "firewall.h"
#include "object_handles.h"

using namespace libtensor;
using namespace libtensor::capi;

tensor_status_t tensor_retain(tensor_t* t, tensor_t** out) {
  return guard([&] {
    check_result(out, "out");
    *out = new_handle(tensor_of(t, "t"));
  });
}

tensor_status_t tensor_release(tensor_t* t) {
  return guard<NoUses>([&] {
    free_delayed();
    if (t && !release_handle(t)) refuse_handle(t, "t");
  });
}

tensor_status_t tensor_scope_push(void) {
  return guard([] { push_scope(); });
}

tensor_status_t tensor_scope_pop(tensor_t* const* keep, size_t count) {
  return guard([&] {
    check(keep != nullptr || count == 0, "keep must not be NULL");
    for (size_t i = 0; i < count; ++i) {
      if (keep[i] && !find_slot(keep[i])) refuse_handle(keep[i], "keep");
    }
    free_delayed();
    check(pop_scope(keep, count), "no scope is open on this thread");
  });
}

size_t tensor_live_handles(void) { return live_handles() + live_objects(); }
