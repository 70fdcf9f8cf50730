package libtensor

// #include "reads.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Tensor owns one handle.
type Tensor struct {
	handle C.uintptr_t
	// Go packs objects of less than 16 bytes together, and finalizes none before all are unused.
	_ [8]byte
}

func newTensor(handle C.uintptr_t) *Tensor {
	t := &Tensor{handle: handle}
	runtime.SetFinalizer(t, (*Tensor).Release)
	return t
}

// Release gives the handle back. The tensor goes with its last handle, unless a view, a graph or a
// gradient still needs it. A second Release does nothing; any other use is an error.
func (t *Tensor) Release() {
	if t == nil || t.handle == 0 {
		return
	}
	runtime.SetFinalizer(t, nil)
	_ = errorOf(C.go_release(t.handle))
	t.handle = 0
}

// Retain gives a second handle of the same tensor.
func (t *Tensor) Retain() (*Tensor, error) {
	result := C.go_retain(t.raw())
	runtime.KeepAlive(t)
	return own(result)
}

func (t *Tensor) raw() C.uintptr_t {
	if t == nil {
		return 0
	}
	return t.handle
}

func own(result C.go_result) (*Tensor, error) {
	if err := errorOf(result); err != nil {
		return nil, err
	}
	return newTensor(result.first), nil
}

func ownPair(result C.go_result) (*Tensor, *Tensor, error) {
	if err := errorOf(result); err != nil {
		return nil, nil, err
	}
	return newTensor(result.first), newTensor(result.second), nil
}

// ownList is a list of results; call is asked for its length first.
func ownList(call func(out *C.uintptr_t, capacity C.size_t) C.go_result) ([]*Tensor, error) {
	result := call(nil, 0)
	if err := errorOf(result); err != nil {
		return nil, err
	}
	count := int(result.first)
	if count == 0 {
		return []*Tensor{}, nil
	}
	raw := make([]C.uintptr_t, count)
	if err := errorOf(call(&raw[0], C.size_t(count))); err != nil {
		return nil, err
	}
	list := make([]*Tensor, count)
	for i, handle := range raw {
		list[i] = newTensor(handle)
	}
	return list, nil
}

// same is what an operation in place returns.
func same(t *Tensor, result C.go_result) (*Tensor, error) {
	if err := errorOf(result); err != nil {
		return nil, err
	}
	return t, nil
}

func handles(tensors []*Tensor) []C.uintptr_t {
	raw := make([]C.uintptr_t, len(tensors))
	for i, t := range tensors {
		raw[i] = t.raw()
	}
	return raw
}

func firstHandle(handles []C.uintptr_t) *C.uintptr_t {
	if len(handles) == 0 {
		return nil
	}
	return &handles[0]
}

func firstInt(values []int64) *C.int64_t {
	if len(values) == 0 {
		return nil
	}
	return (*C.int64_t)(unsafe.Pointer(&values[0]))
}

// Dim is the number of dims.
func (t *Tensor) Dim() (int, error) {
	result := C.go_ndim(t.raw())
	runtime.KeepAlive(t)
	return int(result.first), errorOf(result)
}

// Numel is the number of elements.
func (t *Tensor) Numel() (int, error) {
	result := C.go_numel(t.raw())
	runtime.KeepAlive(t)
	return int(result.first), errorOf(result)
}

// Size is that of one dim; -1 is the last.
func (t *Tensor) Size(dim int64) (int64, error) {
	result := C.go_size(t.raw(), C.int64_t(dim))
	runtime.KeepAlive(t)
	return int64(result.first), errorOf(result)
}

// Shape is the size of every dim.
func (t *Tensor) Shape() ([]int64, error) {
	count, err := t.Dim()
	if err != nil {
		return nil, err
	}
	shape := make([]int64, count)
	result := C.go_shape(t.raw(), firstInt(shape), C.size_t(count))
	runtime.KeepAlive(t)
	return shape, errorOf(result)
}

// Strides is the step of every dim, in elements.
func (t *Tensor) Strides() ([]int64, error) {
	count, err := t.Dim()
	if err != nil {
		return nil, err
	}
	strides := make([]int64, count)
	result := C.go_strides(t.raw(), firstInt(strides), C.size_t(count))
	runtime.KeepAlive(t)
	return strides, errorOf(result)
}

// StorageOffset is where the first element lies, in elements.
func (t *Tensor) StorageOffset() (int64, error) {
	result := C.go_storage_offset(t.raw())
	runtime.KeepAlive(t)
	return int64(result.first), errorOf(result)
}

// IsContiguous says whether the elements lie in row-major order.
func (t *Tensor) IsContiguous() (bool, error) {
	result := C.go_is_contiguous(t.raw())
	runtime.KeepAlive(t)
	return boolOf(result)
}

// DType is the type of the elements.
func (t *Tensor) DType() (DType, error) {
	result := C.go_dtype(t.raw())
	runtime.KeepAlive(t)
	return DType(result.first), errorOf(result)
}

// Device is where the tensor lives.
func (t *Tensor) Device() (Device, error) {
	result := C.go_device(t.raw())
	runtime.KeepAlive(t)
	return Device{int32(result.first), int32(result.second)}, errorOf(result)
}

// Version is how often the tensor's memory was changed in place.
func (t *Tensor) Version() (uint32, error) {
	result := C.go_version_of(t.raw())
	runtime.KeepAlive(t)
	return uint32(result.first), errorOf(result)
}

// IsSame says whether both stand for the same tensor.
func (t *Tensor) IsSame(other *Tensor) (bool, error) {
	result := C.go_is_same(t.raw(), other.raw())
	runtime.KeepAlive(t)
	runtime.KeepAlive(other)
	return boolOf(result)
}

// String is the tensor as PyTorch prints it.
func (t *Tensor) String() string {
	text, err := readText(func(buffer *C.char, capacity C.size_t) C.go_result {
		return C.go_to_string(t.raw(), buffer, capacity)
	})
	runtime.KeepAlive(t)
	if err != nil {
		return "<" + err.Error() + ">"
	}
	return text
}

// readText calls again with more room where the text needs it.
func readText(call func(*C.char, C.size_t) C.go_result) (string, error) {
	buffer := make([]byte, 512)
	for {
		result := call((*C.char)(unsafe.Pointer(&buffer[0])), C.size_t(len(buffer)))
		if err := errorOf(result); err != nil {
			return "", err
		}
		if length := int(result.first); length < len(buffer) {
			return string(buffer[:length]), nil
		}
		buffer = make([]byte, result.first+1)
	}
}
