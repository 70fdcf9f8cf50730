#include "backward_options.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "cancel_handle.h"
#include "core/error.h"

namespace libtensor::capi {

static_assert(offsetof(tensor_backward_options_t, gradient) == 8 &&
              offsetof(tensor_backward_options_t, retain_graph) == 16 &&
              offsetof(tensor_backward_options_t, create_graph) == 17 &&
              offsetof(tensor_backward_options_t, allow_unused) == 18 &&
              offsetof(tensor_backward_options_t, inputs) == 24 &&
              offsetof(tensor_backward_options_t, input_count) == 32 &&
              offsetof(tensor_backward_options_t, cancel) == 40 &&
              offsetof(tensor_backward_options_t, materialize_grads) == 48 &&
              sizeof(tensor_backward_options_t) == 56);

tensor_backward_options_t backward_options_of(const tensor_backward_options_t* given) {
  constexpr size_t kFirstVersion = offsetof(tensor_backward_options_t, inputs);
  tensor_backward_options_t options = tensor_backward_options_default();
  if (!given) return options;
  check(given->struct_size == kFirstVersion || given->struct_size >= sizeof(options),
        "options.struct_size is ", given->struct_size,
        ": start from tensor_backward_options_default()");
  std::memcpy(&options, given, std::min(given->struct_size, sizeof(options)));
  return options;
}

BackwardSettings::BackwardSettings(const tensor_backward_options_t& given) {
  if (given.cancel) cancel = *object_of(given.cancel, "options.cancel");
  options = {.retain_graph = given.retain_graph,
             .create_graph = given.create_graph,
             .allow_unused = given.allow_unused,
             .materialize_grads = given.materialize_grads,
             .cancel = cancel.get()};
}

}  // namespace libtensor::capi
