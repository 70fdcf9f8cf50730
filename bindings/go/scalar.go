package libtensor

// #include "call.h"
import "C"

import (
	"fmt"
	"math"
	"unsafe"
)

// Scalar is a number beside a tensor: a bool, an int, an int64, a uint64, a float32 or a
// float64. Bools, integers and floating numbers count differently when dtypes are promoted.
type Scalar interface{}

func scalarOf(value Scalar) (C.tensor_scalar_t, error) {
	var raw C.tensor_scalar_t
	bits := (*uint64)(unsafe.Pointer(&raw.value))
	switch v := value.(type) {
	case bool:
		raw.dtype = C.TENSOR_BOOL
		*(*bool)(unsafe.Pointer(&raw.value)) = v
	case int:
		raw.dtype, *bits = C.TENSOR_INT64, uint64(v)
	case int64:
		raw.dtype, *bits = C.TENSOR_INT64, uint64(v)
	case uint64:
		raw.dtype, *bits = C.TENSOR_UINT64, v
	case float32:
		raw.dtype, *bits = C.TENSOR_FLOAT64, math.Float64bits(float64(v))
	case float64:
		raw.dtype, *bits = C.TENSOR_FLOAT64, math.Float64bits(v)
	default:
		return raw, &Error{TypeError, fmt.Sprintf("%T is not a number that a tensor takes", value)}
	}
	return raw, nil
}

// optionalScalarOf takes nil too, for a default.
func optionalScalarOf(value Scalar) (C.tensor_scalar_t, error) {
	if value == nil {
		return C.tensor_scalar_t{}, nil
	}
	return scalarOf(value)
}

// scalarFrom is the way back: a bool, an int64 or a float64.
func scalarFrom(dtype int32, bits uint64) Scalar {
	switch dtype {
	case C.TENSOR_BOOL:
		return bits != 0
	case C.TENSOR_INT64:
		return int64(bits)
	}
	return math.Float64frombits(bits)
}
