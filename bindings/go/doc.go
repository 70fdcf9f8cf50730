// Package libtensor gives PyTorch's tensors to Go: names, promotion, broadcasting, views, autograd,
// printed form.
//
//	x, err := libtensor.Ones([]int64{2, 2}, libtensor.RequiresGrad(true))
//	y, err := x.MulScalar(3)
//	...
//	err = mean.Backward()
//
// A Tensor owns one handle of the C library. Release gives it back at once; what is not released is
// given back when the collector finds it. The collector is run when tensors hold much memory: see
// SetMemoryBudget. Every call returns an error where the library refuses; Must turns one into a panic.
// Names are those of the C functions without tensor_: Add, AddScalar, Add_ (in place), AddOut (into a
// given tensor).
//
// Any goroutine may call any function, and Release while others are using the tensor: their calls end
// as usual, later ones are refused. Elements that one goroutine writes while another reads them are
// any numbers. Whether operations are recorded is a setting of the thread:
// see NoGrad.
package libtensor

// #cgo CFLAGS: -I${SRCDIR}/../../include
// #cgo LDFLAGS: -L${SRCDIR}/../../build -ltensor -Wl,-rpath,${SRCDIR}/../../build
import "C"
