// What can be read off a tensor, and gradients, each in one call.
#ifndef LIBTENSOR_GO_READS_H
#define LIBTENSOR_GO_READS_H

#include "call.h"

#define GO_READ(name, type)                                     \
  static inline go_result go_##name(uintptr_t t) {              \
    type out = 0;                                               \
    tensor_status_t status = tensor_##name(go_handle(t), &out); \
    return go_finish(status, (uintptr_t)out, 0);                \
  }
GO_READ(ndim, size_t)
GO_READ(numel, int64_t)
GO_READ(storage_offset, int64_t)
GO_READ(is_contiguous, bool)
GO_READ(dtype, tensor_dtype_t)
GO_READ(version_of, uint32_t)
GO_READ(requires_grad, bool)
GO_READ(is_leaf, bool)
GO_READ(retain, tensor_t*)
GO_READ(grad, tensor_t*)
#undef GO_READ

static inline go_result go_release(uintptr_t t) {
  return go_finish(tensor_release(go_handle(t)), 0, 0);
}

static inline go_result go_size(uintptr_t t, int64_t dim) {
  int64_t out = 0;
  tensor_status_t status = tensor_size(go_handle(t), dim, &out);
  return go_finish(status, (uintptr_t)out, 0);
}

static inline go_result go_shape(uintptr_t t, int64_t* shape, size_t capacity) {
  size_t ndim = 0;
  tensor_status_t status = tensor_shape(go_handle(t), shape, capacity, &ndim);
  return go_finish(status, ndim, 0);
}

static inline go_result go_strides(uintptr_t t, int64_t* strides, size_t capacity) {
  size_t ndim = 0;
  tensor_status_t status = tensor_strides(go_handle(t), strides, capacity, &ndim);
  return go_finish(status, ndim, 0);
}

static inline go_result go_device(uintptr_t t) {
  tensor_device_t out = {0, 0};
  tensor_status_t status = tensor_device(go_handle(t), &out);
  return go_finish(status, (uintptr_t)out.type, (uintptr_t)out.index);
}

static inline go_result go_is_same(uintptr_t a, uintptr_t b) {
  bool out = false;
  tensor_status_t status = tensor_is_same(go_handle(a), go_handle(b), &out);
  return go_finish(status, out, 0);
}

// first: the dtype; second: the bits of the value.
static inline go_result go_item(uintptr_t t) {
  tensor_scalar_t out = {0, 0, {0}};
  tensor_status_t status = tensor_item(go_handle(t), &out);
  uint64_t bits = 0;
  memcpy(&bits, &out.value, sizeof(bits));
  if (out.dtype == TENSOR_BOOL) bits = out.value.boolean;
  return go_finish(status, (uintptr_t)out.dtype, (uintptr_t)bits);
}

static inline go_result go_copy_to(uintptr_t t, void* data, size_t bytes) {
  return go_finish(tensor_copy_to(go_handle(t), data, bytes), 0, 0);
}

static inline go_result go_from_data(const void* data, const int64_t* shape, size_t ndim,
                                     tensor_options_t options) {
  tensor_t* out = NULL;
  tensor_status_t status = tensor_from_data(data, shape, ndim, &options, &out);
  return go_finish(status, (uintptr_t)out, 0);
}

static inline go_result go_to_string(uintptr_t t, char* buffer, size_t capacity) {
  size_t length = 0;
  tensor_status_t status = tensor_to_string(go_handle(t), buffer, capacity, &length);
  return go_finish(status, length, 0);
}

static inline go_result go_grad_fn_name(uintptr_t t, char* buffer, size_t capacity) {
  size_t length = 0;
  tensor_status_t status = tensor_grad_fn_name(go_handle(t), buffer, capacity, &length);
  return go_finish(status, length, 0);
}

static inline go_result go_set_requires_grad(uintptr_t t, bool requires_grad) {
  return go_finish(tensor_set_requires_grad(go_handle(t), requires_grad), 0, 0);
}

static inline go_result go_set_grad(uintptr_t t, uintptr_t gradient) {
  return go_finish(tensor_set_grad(go_handle(t), go_handle(gradient)), 0, 0);
}

static inline go_result go_detach_(uintptr_t t) {
  return go_finish(tensor_detach_(go_handle(t)), 0, 0);
}

static inline tensor_backward_options_t go_backward_options(uintptr_t gradient, bool retain_graph,
                                                            bool create_graph, bool allow_unused) {
  tensor_backward_options_t options = tensor_backward_options_default();
  options.gradient = go_handle(gradient);
  options.retain_graph = retain_graph;
  options.create_graph = create_graph;
  options.allow_unused = allow_unused;
  return options;
}

static inline go_result go_backward(uintptr_t t, uintptr_t gradient, bool retain_graph,
                                    bool create_graph) {
  tensor_backward_options_t options =
      go_backward_options(gradient, retain_graph, create_graph, false);
  return go_finish(tensor_backward_with(go_handle(t), &options), 0, 0);
}

static inline go_result go_autograd_grad(const uintptr_t* outputs, size_t output_count,
                                         const uintptr_t* inputs, size_t input_count,
                                         const uintptr_t* gradients, bool retain_graph,
                                         bool create_graph, bool allow_unused, uintptr_t* grads) {
  tensor_backward_options_t options =
      go_backward_options(0, retain_graph, create_graph, allow_unused);
  tensor_status_t status =
      tensor_autograd_grad((tensor_t* const*)outputs, output_count, (tensor_t* const*)inputs,
                           input_count, (tensor_t* const*)gradients, &options, (tensor_t**)grads);
  return go_finish(status, 0, 0);
}

static inline go_result go_grad_enabled(void) {
  bool out = false;
  tensor_status_t status = tensor_grad_enabled(&out);
  return go_finish(status, out, 0);
}

static inline go_result go_grad_enabled_set(bool enabled) {
  bool previous = false;
  tensor_status_t status = tensor_grad_enabled_set(enabled, &previous);
  return go_finish(status, previous, 0);
}

static inline go_result go_manual_seed(uint64_t seed) {
  return go_finish(tensor_manual_seed(seed), 0, 0);
}

static inline go_result go_set_num_threads(int32_t n) {
  return go_finish(tensor_set_num_threads(n), 0, 0);
}

static inline go_result go_promote_types(tensor_dtype_t a, tensor_dtype_t b) {
  tensor_dtype_t out = 0;
  tensor_status_t status = tensor_promote_types(a, b, &out);
  return go_finish(status, (uintptr_t)out, 0);
}

#endif  // LIBTENSOR_GO_READS_H
