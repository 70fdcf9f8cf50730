package libtensor

// #include "warnings.h"
import "C"

import (
	"errors"
	"fmt"
	"sync"
)

var warnings struct {
	sync.RWMutex
	handler func(message string) error
}

// SetWarningHandler has handler called with each warning of the library, in PyTorch's words: of what
// works, and is hardly meant. It runs in the middle of the call that warns, on several goroutines at
// once where several warn. Its error makes that call fail, and change nothing. nil: warnings go
// nowhere, as at first.
func SetWarningHandler(handler func(message string) error) error {
	warnings.Lock()
	defer warnings.Unlock()
	if err := errorOf(C.go_set_warnings(C.bool(handler != nil))); err != nil {
		return err
	}
	warnings.handler = handler
	return nil
}

//export libtensorWarned
func libtensorWarned(message *C.char, reason **C.char) (status C.tensor_status_t) {
	// A panic must not go through the library, which would not be in order again.
	defer func() {
		if value := recover(); value != nil {
			status = C.TENSOR_ERROR_INTERNAL
			*reason = C.CString(fmt.Sprint("the handler of warnings panicked: ", value))
		}
	}()
	warnings.RLock()
	handler := warnings.handler
	warnings.RUnlock()
	if handler == nil {
		return C.TENSOR_OK
	}
	err := handler(C.GoString(message))
	if err == nil {
		return C.TENSOR_OK
	}
	*reason = C.CString(err.Error())
	var own *Error
	if errors.As(err, &own) {
		return C.tensor_status_t(own.Status)
	}
	return C.TENSOR_ERROR_INVALID_ARGUMENT
}
