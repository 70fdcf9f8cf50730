package libtensor

// #include "reads.h"
import "C"

import "fmt"

// DType is the type of a tensor's elements. As an Option it is that of the new tensor.
type DType int32

// The element types.
const (
	Bool     DType = C.TENSOR_BOOL
	Uint8    DType = C.TENSOR_UINT8
	Int8     DType = C.TENSOR_INT8
	Int16    DType = C.TENSOR_INT16
	Int32    DType = C.TENSOR_INT32
	Int64    DType = C.TENSOR_INT64
	Float16  DType = C.TENSOR_FLOAT16
	BFloat16 DType = C.TENSOR_BFLOAT16
	Float32  DType = C.TENSOR_FLOAT32
	Float64  DType = C.TENSOR_FLOAT64
)

// String is the name as C and PyTorch write it: "float32".
func (d DType) String() string { return C.GoString(C.tensor_dtype_name(C.tensor_dtype_t(d))) }

// Size is the number of bytes per element.
func (d DType) Size() int { return int(C.tensor_dtype_size(C.tensor_dtype_t(d))) }

// PromoteTypes is the dtype that an operation on both gives.
func PromoteTypes(a, b DType) (DType, error) {
	result := C.go_promote_types(C.tensor_dtype_t(a), C.tensor_dtype_t(b))
	return DType(result.first), errorOf(result)
}

// Device is where a tensor lives. As an Option it is that of the new tensor.
type Device struct {
	kind  int32
	index int32
}

// CPU is the device of ordinary memory.
var CPU = Device{C.TENSOR_CPU, 0}

// CUDA is one of the CUDA devices, from 0.
func CUDA(index int) Device {
	device := Device{C.TENSOR_CUDA, int32(index)}
	watchCUDA(device)
	return device
}

// String is "cpu" or "cuda:0".
func (d Device) String() string {
	if d.kind == C.TENSOR_CUDA {
		return fmt.Sprintf("cuda:%d", d.index)
	}
	return "cpu"
}

func (d Device) raw() C.tensor_device_t {
	var raw C.tensor_device_t
	raw._type, raw.index = C.tensor_device_type_t(d.kind), C.int32_t(d.index)
	return raw
}

// RequiresGrad asks for the gradient of the new tensor.
type RequiresGrad bool

// Option says how to make a tensor: a DType, a Device, or RequiresGrad(true). What is not said is as
// the function sees fit: float32, CPU, no gradient.
type Option interface{ apply(*C.tensor_options_t) }

func (d DType) apply(o *C.tensor_options_t)        { o.dtype = C.tensor_dtype_t(d) }
func (d Device) apply(o *C.tensor_options_t)       { o.device = d.raw() }
func (r RequiresGrad) apply(o *C.tensor_options_t) { o.requires_grad = C.bool(r) }

func optionsOf(options []Option) C.tensor_options_t {
	var raw C.tensor_options_t
	raw.struct_size = C.sizeof_tensor_options_t
	for _, option := range options {
		if option != nil {
			option.apply(&raw)
		}
	}
	return raw
}

// Some is a pointer to a number, for options that may be left out.
func Some[T any](value T) *T { return &value }

func valueOf[T any](value *T) T {
	var zero T
	if value == nil {
		return zero
	}
	return *value
}

// oneOf gives the options of a call, or the defaults where it has none.
func oneOf[T any](options []T) (T, error) {
	var defaults T
	switch len(options) {
	case 0:
		return defaults, nil
	case 1:
		return options[0], nil
	}
	return defaults, &Error{TypeError, fmt.Sprintf("%d options were given, one %T is taken", len(options), defaults)}
}
