// The small functions that the headers define, as symbols of the library: for languages that read
// no C.
#include "tensor/export.h"

#undef TENSOR_INLINE
#define TENSOR_INLINE TENSOR_API
#include "tensor/tensor.h"
