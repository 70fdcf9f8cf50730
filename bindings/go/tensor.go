package libtensor

// #include "reads.h"
import "C"

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// Tensor owns one handle.
//
// Go packs objects of less than 16 bytes together, and finalizes none before all are unused.
type Tensor struct {
	handle C.uintptr_t
	// How many calls use the handle now, and what became of it: see use.
	state int64
}

// In state, beside the number of calls.
const (
	releasing = 1 << 40 // Release was called: no call begins to use the handle any more
	released  = 1 << 41 // it was given back
)

func newTensor(handle C.uintptr_t) *Tensor {
	t := &Tensor{handle: handle}
	runtime.SetFinalizer(t, (*Tensor).finalize)
	return t
}

// Release gives the handle back, when the last call that other goroutines have begun with it ends.
// The tensor goes with its last handle, unless a view, a graph or a gradient still needs it. A second
// Release does nothing; any other use is an error.
func (t *Tensor) Release() {
	if t == nil {
		return
	}
	for {
		state := atomic.LoadInt64(&t.state)
		if state&releasing != 0 {
			return
		}
		if atomic.CompareAndSwapInt64(&t.state, state, state|releasing) {
			break
		}
	}
	runtime.SetFinalizer(t, nil)
	t.giveBack()
}

// use begins a call with the handle, which is 0 where Release came before; done ends it. In between
// the handle is live and the collector leaves the tensor alone.
func (t *Tensor) use() C.uintptr_t {
	if t == nil || atomic.AddInt64(&t.state, 1)&releasing != 0 {
		return 0
	}
	return t.handle
}

func (t *Tensor) done() {
	if t != nil && atomic.AddInt64(&t.state, -1) == releasing {
		t.giveBack()
	}
}

// giveBack does so unless a call is using the handle: then that call does.
func (t *Tensor) giveBack() {
	if atomic.CompareAndSwapInt64(&t.state, releasing, releasing|released) {
		_ = errorOf(C.go_release(t.handle))
	}
}

func (t *Tensor) finalize() {
	t.Release()
	atomic.AddUint64(&finalized, 1)
}

// used is a list of tensors inside a call: a copy, since the caller may change the list meanwhile.
type used struct {
	tensors []*Tensor
	handles []C.uintptr_t
}

func useAll(tensors []*Tensor) used {
	all := used{append([]*Tensor(nil), tensors...), make([]C.uintptr_t, len(tensors))}
	for i, t := range all.tensors {
		all.handles[i] = t.use()
	}
	return all
}

func (u used) done() {
	for _, t := range u.tensors {
		t.done()
	}
}

// Retain gives a second handle of the same tensor.
func (t *Tensor) Retain() (*Tensor, error) {
	result := C.go_retain(t.use())
	t.done()
	return own(result)
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
	result := C.go_ndim(t.use())
	t.done()
	return int(result.first), errorOf(result)
}

// Numel is the number of elements.
func (t *Tensor) Numel() (int, error) {
	result := C.go_numel(t.use())
	t.done()
	return int(result.first), errorOf(result)
}

// Size is that of one dim; -1 is the last.
func (t *Tensor) Size(dim int64) (int64, error) {
	result := C.go_size(t.use(), C.int64_t(dim))
	t.done()
	return int64(result.first), errorOf(result)
}

// Shape is the size of every dim.
func (t *Tensor) Shape() ([]int64, error) {
	count, err := t.Dim()
	if err != nil {
		return nil, err
	}
	shape := make([]int64, count)
	result := C.go_shape(t.use(), firstInt(shape), C.size_t(count))
	t.done()
	return shape, errorOf(result)
}

// Strides is the step of every dim, in elements.
func (t *Tensor) Strides() ([]int64, error) {
	count, err := t.Dim()
	if err != nil {
		return nil, err
	}
	strides := make([]int64, count)
	result := C.go_strides(t.use(), firstInt(strides), C.size_t(count))
	t.done()
	return strides, errorOf(result)
}

// StorageOffset is where the first element lies, in elements.
func (t *Tensor) StorageOffset() (int64, error) {
	result := C.go_storage_offset(t.use())
	t.done()
	return int64(result.first), errorOf(result)
}

// IsContiguous says whether the elements lie in row-major order.
func (t *Tensor) IsContiguous() (bool, error) {
	result := C.go_is_contiguous(t.use())
	t.done()
	return boolOf(result)
}

// DType is the type of the elements.
func (t *Tensor) DType() (DType, error) {
	result := C.go_dtype(t.use())
	t.done()
	return DType(result.first), errorOf(result)
}

// Device is where the tensor lives.
func (t *Tensor) Device() (Device, error) {
	result := C.go_device(t.use())
	t.done()
	return Device{int32(result.first), int32(result.second)}, errorOf(result)
}

// Version is how often the tensor's memory was changed in place.
func (t *Tensor) Version() (uint32, error) {
	result := C.go_version_of(t.use())
	t.done()
	return uint32(result.first), errorOf(result)
}

// IsSame says whether both stand for the same tensor.
func (t *Tensor) IsSame(other *Tensor) (bool, error) {
	result := C.go_is_same(t.use(), other.use())
	t.done()
	other.done()
	return boolOf(result)
}

// String is the tensor as PyTorch prints it.
func (t *Tensor) String() string {
	handle := t.use()
	text, err := readText(func(buffer *C.char, capacity C.size_t) C.go_result {
		return C.go_to_string(handle, buffer, capacity)
	})
	t.done()
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
