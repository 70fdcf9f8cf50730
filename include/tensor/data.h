/* Tensors from memory, and what can be read off a tensor. */
#ifndef TENSOR_DATA_H
#define TENSOR_DATA_H

#include "tensor/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A tensor with a copy of the row-major elements at `data`, which are of the options' dtype
 * (default float32). `data` may be NULL where there are no elements. */
TENSOR_API tensor_status_t tensor_from_data(const void* data, const int64_t* shape, size_t ndim,
                                            const tensor_options_t* options, tensor_t** out);

/* A tensor over the caller's memory, without a copy. `strides` count elements (NULL: row-major).
 * destroy(user) is called once, when nothing uses the memory any more, on the thread that drops the
 * last use; it may be NULL. On failure destroy is not called. */
TENSOR_API tensor_status_t tensor_from_blob(void* data, const int64_t* shape,
                                            const int64_t* strides, size_t ndim,
                                            const tensor_options_t* options,
                                            void (*destroy)(void* user), void* user,
                                            tensor_t** out);

/* Shape. `dim` may be negative: -1 is the last. */
TENSOR_API tensor_status_t tensor_ndim(const tensor_t* t, size_t* out);
TENSOR_API tensor_status_t tensor_size(const tensor_t* t, int64_t dim, int64_t* out);
TENSOR_API tensor_status_t tensor_numel(const tensor_t* t, int64_t* out);
/* In elements. */
TENSOR_API tensor_status_t tensor_stride(const tensor_t* t, int64_t dim, int64_t* out);
TENSOR_API tensor_status_t tensor_storage_offset(const tensor_t* t, int64_t* out);
TENSOR_API tensor_status_t tensor_is_contiguous(const tensor_t* t, bool* out);
/* All sizes, or strides, at once: at most `capacity` of them are written, *ndim is how many there
 * are. */
TENSOR_API tensor_status_t tensor_shape(const tensor_t* t, int64_t* shape, size_t capacity,
                                        size_t* ndim);
TENSOR_API tensor_status_t tensor_strides(const tensor_t* t, int64_t* strides, size_t capacity,
                                          size_t* ndim);

TENSOR_API tensor_status_t tensor_dtype(const tensor_t* t, tensor_dtype_t* out);
TENSOR_API tensor_status_t tensor_device(const tensor_t* t, tensor_device_t* out);
/* Bytes per element; 0 for a dtype that does not exist. */
TENSOR_API size_t tensor_dtype_size(tensor_dtype_t dtype);
/* "float32"; "undefined" for a dtype that does not exist. Static. */
TENSOR_API const char* tensor_dtype_name(tensor_dtype_t dtype);
/* The dtype of such a name: "float32", or another of PyTorch's names for it, as "float" and "long".
 * Errors: there is none. */
TENSOR_API tensor_status_t tensor_dtype_from_name(const char* name, tensor_dtype_t* out);
/* The dtype that an operation on both gives. */
TENSOR_API tensor_status_t tensor_promote_types(tensor_dtype_t a, tensor_dtype_t b,
                                                tensor_dtype_t* out);

/* The address of the first element, on the tensor's device: valid as long as the tensor's storage.
 * Mind the strides. Who writes through it calls tensor_increment_version. */
TENSOR_API tensor_status_t tensor_data(const tensor_t* t, void** out);
/* How often the tensor's memory was changed in place. */
TENSOR_API tensor_status_t tensor_version_of(const tensor_t* t, uint32_t* out);
/* Tells autograd that t's elements were changed through their address: backward then refuses to use
 * what was saved of them before. It does not record how they were changed. Of an inference tensor,
 * which has no version, this does nothing. Any thread. */
TENSOR_API tensor_status_t tensor_increment_version(tensor_t* t);
/* Do both handles stand for the same tensor? */
TENSOR_API tensor_status_t tensor_is_same(const tensor_t* a, const tensor_t* b, bool* out);

/* The one element of a tensor as a bool, int64 or double. Errors: not exactly one element. */
TENSOR_API tensor_status_t tensor_item(const tensor_t* t, tensor_scalar_t* out);
/* The same as a C number: an integer is the element without its fraction, a bool whether it is not
 * 0. Errors: also an element that no int64 holds, NaN among them. */
TENSOR_API tensor_status_t tensor_item_double(const tensor_t* t, double* out);
TENSOR_API tensor_status_t tensor_item_int64(const tensor_t* t, int64_t* out);
TENSOR_API tensor_status_t tensor_item_bool(const tensor_t* t, bool* out);
/* Copies all elements, in row-major order and of the tensor's dtype, to `data`. Errors: `bytes` is
 * not the size of it. */
TENSOR_API tensor_status_t tensor_copy_to(const tensor_t* t, void* data, size_t bytes);
/* The way back: t's elements become those at `data`, row-major and of t's dtype, as by tensor_copy_
 * without a gradient to `data`. Errors: `bytes` is not the size of it; t may not be changed in
 * place. */
TENSOR_API tensor_status_t tensor_copy_from(tensor_t* t, const void* data, size_t bytes);

/* The tensor as PyTorch prints it. At most `capacity` bytes are written, the last of them 0;
 * *length is the length of the whole text without the 0, so that a second call can be given room.
 * buffer may be NULL where capacity is 0. */
TENSOR_API tensor_status_t tensor_to_string(const tensor_t* t, char* buffer, size_t capacity,
                                            size_t* length);

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_DATA_H */
