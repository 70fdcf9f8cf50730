package libtensor

// #include "call.h"
import "C"

import "unsafe"

// Status tells the kinds of errors apart.
type Status int32

// The statuses of the C library; new ones may come.
const (
	InvalidArgument Status = C.TENSOR_ERROR_INVALID_ARGUMENT // what PyTorch raises as RuntimeError
	InvalidHandle   Status = C.TENSOR_ERROR_INVALID_HANDLE
	TypeError       Status = C.TENSOR_ERROR_TYPE
	ValueError      Status = C.TENSOR_ERROR_VALUE
	IndexError      Status = C.TENSOR_ERROR_INDEX
	NotImplemented  Status = C.TENSOR_ERROR_NOT_IMPLEMENTED
	OutOfMemory     Status = C.TENSOR_ERROR_OUT_OF_MEMORY
	Unavailable     Status = C.TENSOR_ERROR_UNAVAILABLE
	Internal        Status = C.TENSOR_ERROR_INTERNAL
	Cancelled       Status = C.TENSOR_ERROR_CANCELLED
)

// Error is what a call of the library returns when it fails.
type Error struct {
	Status  Status
	Message string
}

func (e *Error) Error() string { return e.Message }

// Must gives a call's value, and panics with its error.
func Must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func errorOf(result C.go_result) error {
	if result.status == C.TENSOR_OK {
		return nil
	}
	message := C.GoString(result.message)
	C.free(unsafe.Pointer(result.message))
	return &Error{Status(result.status), message}
}

func boolOf(result C.go_result) (bool, error) {
	return result.first != 0, errorOf(result)
}
