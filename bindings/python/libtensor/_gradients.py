"""What autograd adds to a tensor: requires_grad, grad, grad_fn, backward, detach_."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import byref, c_bool, c_void_p

from ._errors import check
from ._handle import Handle, fresh
from ._hooks import RemovableHandle, register_post_accumulate_hook, register_tensor_hook
from ._identity import remember, standing_for
from ._library import native
from ._node import Node, node_of


class Gradients(Handle):
    """The part of Tensor that concerns gradients."""

    __slots__ = ()

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded for backward."""
        found = c_bool()
        check(native.requires_grad(self._handle, byref(found)))
        return found.value

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RuntimeError("requires_grad must be a bool")
        if value and not self.is_floating_point():
            raise RuntimeError(
                "only Tensors of floating point and complex dtype can require gradients"
            )
        check(native.set_requires_grad(self._handle, value))
        if value:
            remember(self)

    def requires_grad_(self, requires_grad: bool = True):
        """Ask for the gradient of this leaf, or stop asking; gives the tensor itself."""
        if not isinstance(requires_grad, bool):
            raise TypeError(
                "requires_grad_(): argument 'requires_grad' (position 1) must be bool, "
                f"not {type(requires_grad).__name__}"
            )
        if requires_grad and not self.is_floating_point():
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        check(native.set_requires_grad(self._handle, requires_grad))
        return remember(self) if requires_grad else self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation made this tensor."""
        found = c_bool()
        check(native.is_leaf(self._handle, byref(found)))
        return found.value

    @property
    def grad(self):
        """The gradient that backward added up here, or None."""
        result = fresh()
        check(native.grad(self._handle, byref(result._handle)))
        return standing_for(result) if result._handle else None

    @grad.setter
    def grad(self, value) -> None:
        if value is not None and not isinstance(value, Handle):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type "
                f"{type(value).__name__}"
            )
        check(native.set_grad(self._handle, None if value is None else value._handle))
        if value is not None:
            remember(value)

    @grad.deleter
    def grad(self) -> None:
        check(native.set_grad(self._handle, None))

    @property
    def grad_fn(self) -> Node | None:
        """The node of the graph that made this tensor, or None for a leaf."""
        handle = c_void_p()
        check(native.grad_fn(self._handle, byref(handle)))
        return node_of(handle)

    def backward(
        self,
        gradient=None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence | None = None,
    ) -> None:
        """Add the derivative of this tensor to the grad of every leaf it was computed from."""
        from . import autograd

        autograd.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook) -> RemovableHandle:
        """Have `hook(grad)` called when the gradient of this tensor has been computed; what it
        returns, unless None, takes its place."""
        return register_tensor_hook(self, hook)

    def register_post_accumulate_grad_hook(self, hook) -> RemovableHandle:
        """Have `hook(self)` called when backward has added to this leaf's grad."""
        return register_post_accumulate_hook(self, hook)

    def retain_grad(self) -> None:
        """Let this tensor, which is no leaf, keep its gradient in grad."""
        check(native.retain_grad(self._handle))

    @property
    def retains_grad(self) -> bool:
        """Whether that was asked for; False for a leaf."""
        found = c_bool()
        check(native.retains_grad(self._handle, byref(found)))
        return found.value

    def _is_view(self) -> bool:
        """Whether autograd follows this tensor as a view of another."""
        found = c_bool()
        check(native.is_view(self._handle, byref(found)))
        return found.value

    def is_inference(self) -> bool:
        """Whether this tensor was made in inference mode."""
        found = c_bool()
        check(native.is_inference(self._handle, byref(found)))
        return found.value

    def detach_(self):
        """Take this tensor out of the graph, in place."""
        check(native.detach_(self._handle))
        return self

    @property
    def data(self):
        """The same elements in a tensor that autograd does not follow: changes of it, unlike those
        of detach(), are not noticed where the elements were saved for backward."""
        result = fresh()
        check(native.variable_data(self._handle, byref(result._handle)))
        return result

    @data.setter
    def data(self, value) -> None:
        if not isinstance(value, Handle):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        check(native.set_data(self._handle, value._handle))

    @data.deleter
    def data(self) -> None:
        raise RuntimeError("Deleting tensor data is not allowed. Delete tensor instead!")
