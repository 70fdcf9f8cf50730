package libtensor

// #include "reads.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Element is a type that a tensor's elements can have in Go.
type Element interface {
	bool | uint8 | int8 | int16 | int32 | int64 | float32 | float64
}

func dtypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case bool:
		return Bool
	case uint8:
		return Uint8
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case float32:
		return Float32
	}
	return Float64
}

// FromData makes a tensor of a copy of row-major elements, of their type unless an option says
// otherwise. A nil shape is that of a vector.
func FromData[T Element](data []T, shape []int64, options ...Option) (*Tensor, error) {
	if shape == nil {
		shape = []int64{int64(len(data))}
	}
	count := 1
	for _, size := range shape {
		count *= int(size)
	}
	if count != len(data) {
		message := fmt.Sprintf("shape %v is invalid for input of size %d", shape, len(data))
		return nil, &Error{InvalidArgument, message}
	}
	var first unsafe.Pointer
	if len(data) > 0 {
		first = unsafe.Pointer(&data[0])
	}
	dtype := optionsOf([]Option{dtypeOf[T]()})
	made, err := own(C.go_from_data(first, firstInt(shape), C.size_t(len(shape)), dtype))
	if err != nil || len(options) == 0 {
		return made, err
	}
	defer made.Release()
	return made.withOptions(options)
}

// withOptions converts what was made from Go's memory; RequiresGrad is for the result, a leaf.
func (t *Tensor) withOptions(options []Option) (*Tensor, error) {
	wanted := optionsOf(options)
	var moves []Option
	for _, option := range options {
		if _, grad := option.(RequiresGrad); !grad {
			moves = append(moves, option)
		}
	}
	result, err := t.To(moves...)
	if err == nil && bool(wanted.requires_grad) {
		err = result.SetRequiresGrad(true)
	}
	return result, err
}

// Values copies all elements out, in row-major order. The dtype must be that of T.
func Values[T Element](t *Tensor) ([]T, error) {
	dtype, err := t.DType()
	if err != nil {
		return nil, err
	}
	if wanted := dtypeOf[T](); dtype != wanted {
		message := fmt.Sprintf("expected scalar type %v but found %v", wanted, dtype)
		return nil, &Error{InvalidArgument, message}
	}
	count, err := t.Numel()
	if err != nil || count == 0 {
		return []T{}, err
	}
	values := make([]T, count)
	bytes := C.size_t(count * dtype.Size())
	result := C.go_copy_to(t.use(), unsafe.Pointer(&values[0]), bytes)
	t.done()
	return values, errorOf(result)
}

// Item is the one element of a tensor: a bool, an int64 or a float64.
func (t *Tensor) Item() (Scalar, error) {
	result := C.go_item(t.use())
	t.done()
	if err := errorOf(result); err != nil {
		return nil, err
	}
	return scalarFrom(int32(result.first), uint64(result.second)), nil
}

// Float is the one element of a tensor as a float64.
func (t *Tensor) Float() (float64, error) {
	item, err := t.Item()
	switch v := item.(type) {
	case float64:
		return v, err
	case int64:
		return float64(v), err
	case bool:
		if v {
			return 1, err
		}
	}
	return 0, err
}
