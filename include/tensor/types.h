/* The types that functions take: handles, dtypes, devices, numbers, options. */
#ifndef TENSOR_TYPES_H
#define TENSOR_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/export.h"
#include "tensor/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A tensor. Not an address: never dereference it, compare or copy it freely. Checked on every use.
 */
typedef struct tensor_t tensor_t;

/* Element types. DEFAULT stands for "as the function sees fit": see each one. 11 to 13 are kept for
 * complex types, 14 and 15 for uint16 and uint32. UINT64 is one of numbers only: no tensor has it.
 */
typedef int32_t tensor_dtype_t;
enum {
  TENSOR_DTYPE_DEFAULT = 0,
  TENSOR_BOOL = 1,
  TENSOR_UINT8 = 2,
  TENSOR_INT8 = 3,
  TENSOR_INT16 = 4,
  TENSOR_INT32 = 5,
  TENSOR_INT64 = 6,
  TENSOR_FLOAT16 = 7,
  TENSOR_BFLOAT16 = 8,
  TENSOR_FLOAT32 = 9,
  TENSOR_FLOAT64 = 10,
  TENSOR_UINT64 = 16
};

/* Kinds of devices. DEFAULT stands for "as the function sees fit". */
typedef int32_t tensor_device_type_t;
enum { TENSOR_DEVICE_DEFAULT = 0, TENSOR_CPU = 1, TENSOR_CUDA = 2 };

typedef struct {
  tensor_device_type_t type;
  int32_t index; /* which one of its kind, from 0; of TENSOR_CUDA, -1: the thread's current one */
} tensor_device_t;

/* A number: bool, integer or double. Beside a tensor of integers, one that its dtype does not hold
 * wraps around, unless the function refuses it. Make one with the functions below. */
typedef struct {
  tensor_dtype_t dtype; /* TENSOR_BOOL, TENSOR_INT64, TENSOR_UINT64 or TENSOR_FLOAT64 */
  int32_t reserved;     /* 0 */
  union {
    bool boolean;
    int64_t int64;
    uint64_t uint64;
    double float64;
    double complex128[2]; /* kept for complex numbers */
  } value;
} tensor_scalar_t;

TENSOR_INLINE tensor_scalar_t tensor_scalar_double(double value) {
  tensor_scalar_t scalar = {TENSOR_FLOAT64, 0, {0}};
  scalar.value.float64 = value;
  return scalar;
}

TENSOR_INLINE tensor_scalar_t tensor_scalar_int64(int64_t value) {
  tensor_scalar_t scalar = {TENSOR_INT64, 0, {0}};
  scalar.value.int64 = value;
  return scalar;
}

/* For integers of 2^63 and more, too. */
TENSOR_INLINE tensor_scalar_t tensor_scalar_uint64(uint64_t value) {
  tensor_scalar_t scalar = {TENSOR_UINT64, 0, {0}};
  scalar.value.uint64 = value;
  return scalar;
}

TENSOR_INLINE tensor_scalar_t tensor_scalar_bool(bool value) {
  tensor_scalar_t scalar = {TENSOR_BOOL, 0, {0}};
  scalar.value.boolean = value;
  return scalar;
}

#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
/* A number of any type of C's as a tensor_scalar_t: TENSOR_SCALAR(2.5), TENSOR_SCALAR(-1). */
#define TENSOR_SCALAR(value)                          \
  _Generic((value), bool                              \
           : tensor_scalar_bool, float                \
           : tensor_scalar_double, double             \
           : tensor_scalar_double, unsigned long      \
           : tensor_scalar_uint64, unsigned long long \
           : tensor_scalar_uint64, default            \
           : tensor_scalar_int64)(value)
#endif

/* How to make a tensor. Start from tensor_options_default(); fields may be added at the end. Where
 * a function takes a pointer to options, NULL stands for the defaults: float32 (or as the function
 * says), CPU, no gradient. */
typedef struct {
  size_t struct_size; /* sizeof(tensor_options_t) of the caller */
  tensor_dtype_t dtype;
  tensor_device_t device;
  bool requires_grad;
} tensor_options_t;

TENSOR_INLINE tensor_options_t tensor_options_default(void) {
  tensor_options_t options = {
      sizeof(tensor_options_t), TENSOR_DTYPE_DEFAULT, {TENSOR_DEVICE_DEFAULT, 0}, false};
  return options;
}

/* The defaults but for the dtype. */
TENSOR_INLINE tensor_options_t tensor_options_dtype(tensor_dtype_t dtype) {
  tensor_options_t options = tensor_options_default();
  options.dtype = dtype;
  return options;
}

/* Options of operations. What PyTorch gives a default is a field of tensor_<operation>_options_t,
 * of which zeros are the defaults: NULL stands for all of them, and
 *
 *   tensor_mse_loss_options_t options = {.struct_size = sizeof options,
 *                                        .reduction = TENSOR_REDUCTION_SUM};
 *
 * for all but one. A number whose default is not 0 is one that may be absent; a tensor_scalar_t is
 * so where it is all zeros. Later versions add fields at the end, which an older caller's
 * struct_size lacks. Errors: a struct_size of no version; bytes that are not 0 beyond the fields
 * that this version knows. */
typedef struct {
  bool has_value;
  int64_t value;
} tensor_optional_int64_t;

typedef struct {
  bool has_value;
  double value;
} tensor_optional_double_t;

typedef struct {
  bool has_value;
  bool value;
} tensor_optional_bool_t;

TENSOR_INLINE tensor_optional_int64_t tensor_some_int64(int64_t value) {
  tensor_optional_int64_t optional = {true, value};
  return optional;
}

TENSOR_INLINE tensor_optional_double_t tensor_some_double(double value) {
  tensor_optional_double_t optional = {true, value};
  return optional;
}

TENSOR_INLINE tensor_optional_bool_t tensor_some_bool(bool value) {
  tensor_optional_bool_t optional = {true, value};
  return optional;
}

#ifdef __cplusplus
}
#endif

#endif /* TENSOR_TYPES_H */
