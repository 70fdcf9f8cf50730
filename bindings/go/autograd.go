package libtensor

// #include "reads.h"
import "C"

import "runtime"

// BackwardOptions says how to run backward.
type BackwardOptions struct {
	Gradient    *Tensor // of the tensor itself; nil: 1, for a tensor of one element
	RetainGraph bool    // keep what was saved, so that backward can run again
	CreateGraph bool    // record the backward pass, for higher derivatives; retains the graph too
	AllowUnused bool    // Grad: nil for an input that no output depends on
}

// SetRequiresGrad asks for the gradient of a leaf.
func (t *Tensor) SetRequiresGrad(requiresGrad bool) error {
	result := C.go_set_requires_grad(t.use(), C.bool(requiresGrad))
	t.done()
	return errorOf(result)
}

// RequiresGrad says whether backward goes through the tensor.
func (t *Tensor) RequiresGrad() (bool, error) {
	result := C.go_requires_grad(t.use())
	t.done()
	return boolOf(result)
}

// IsLeaf says whether no recorded operation made the tensor.
func (t *Tensor) IsLeaf() (bool, error) {
	result := C.go_is_leaf(t.use())
	t.done()
	return boolOf(result)
}

// Grad is what backward added up in a leaf; nil where there is nothing.
func (t *Tensor) Grad() (*Tensor, error) {
	result := C.go_grad(t.use())
	t.done()
	if result.first == 0 {
		return nil, errorOf(result)
	}
	return own(result)
}

// SetGrad replaces it; nil clears it.
func (t *Tensor) SetGrad(gradient *Tensor) error {
	result := C.go_set_grad(t.use(), gradient.use())
	t.done()
	gradient.done()
	return errorOf(result)
}

// GradFnName is the name of the node that made the tensor: "MulBackward0"; "" for a leaf.
func (t *Tensor) GradFnName() (string, error) {
	handle := t.use()
	defer t.done()
	return readText(func(buffer *C.char, capacity C.size_t) C.go_result {
		return C.go_grad_fn_name(handle, buffer, capacity)
	})
}

// Detach_ takes the tensor out of the graph, in place.
func (t *Tensor) Detach_() (*Tensor, error) {
	result := C.go_detach_(t.use())
	t.done()
	return same(t, result)
}

// Backward adds d t / d leaf to the gradient of every leaf that t was computed from.
func (t *Tensor) Backward() error { return t.BackwardWith(BackwardOptions{}) }

// BackwardWith is Backward with options.
func (t *Tensor) BackwardWith(o BackwardOptions) error {
	result := C.go_backward(t.use(), o.Gradient.use(), C.bool(o.RetainGraph), C.bool(o.CreateGraph))
	t.done()
	o.Gradient.done()
	return errorOf(result)
}

// Grad gives d outputs / d inputs[i] for each input, and changes the gradient of no leaf.
// gradOutputs: one for each output, or none at all, which means ones for outputs of one element.
func Grad(outputs, inputs, gradOutputs []*Tensor, o BackwardOptions) ([]*Tensor, error) {
	if len(gradOutputs) > 0 && len(gradOutputs) != len(outputs) {
		return nil, &Error{InvalidArgument, "Grad: one gradient is needed for each output"}
	}
	outs, ins, gradients := useAll(outputs), useAll(inputs), useAll(gradOutputs)
	grads := make([]C.uintptr_t, len(ins.handles))
	result := C.go_autograd_grad(firstHandle(outs.handles), C.size_t(len(outs.handles)),
		firstHandle(ins.handles), C.size_t(len(ins.handles)), firstHandle(gradients.handles),
		C.bool(o.RetainGraph), C.bool(o.CreateGraph), C.bool(o.AllowUnused), firstHandle(grads))
	outs.done()
	ins.done()
	gradients.done()
	if err := errorOf(result); err != nil {
		return nil, err
	}
	tensors := make([]*Tensor, len(grads))
	for i, handle := range grads {
		if handle != 0 {
			tensors[i] = newTensor(handle)
		}
	}
	return tensors, nil
}

// NoGrad runs body; what it does is not recorded. The mode is one of the thread, so the goroutine
// stays on its thread meanwhile; goroutines that body starts record as ever.
func NoGrad(body func()) { withGradMode(false, body) }

// EnableGrad runs body, recording inside of NoGrad.
func EnableGrad(body func()) { withGradMode(true, body) }

func withGradMode(enabled bool, body func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	previous := C.go_grad_enabled_set(C.bool(enabled)).first != 0
	defer func() { C.go_grad_enabled_set(C.bool(previous)) }()
	body()
}

// IsGradEnabled says whether what this goroutine does is recorded.
func IsGradEnabled() bool { return C.go_grad_enabled().first != 0 }
