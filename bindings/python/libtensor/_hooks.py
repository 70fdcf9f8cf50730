"""Hooks: Python functions that run during backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import CFUNCTYPE, POINTER, byref, c_int32, c_size_t, c_void_p

from ._errors import check
from ._handle import Handle
from ._identity import remember, standing_for
from ._library import native
from ._user import DESTROY, borrowed, given, guarded, held, hold
from ._values import handles

_TENSOR_NAMES = {
    "float32": "Float",
    "float64": "Double",
    "float16": "Half",
    "bfloat16": "BFloat16",
    "int8": "Char",
    "uint8": "Byte",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "bool": "Bool",
}


class RemovableHandle:
    """A hook that was registered; as a context manager, removes it at the end."""

    def __init__(self, handle: c_void_p):
        self._handle = handle

    def remove(self) -> None:
        """Take the hook out. To do so twice is fine."""
        check(native.hook_remove(self._handle))

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()

    def __del__(self, release=native.hook_release) -> None:
        release(self._handle)


def name_of(hook: Callable) -> str:
    return getattr(hook, "__name__", None) or type(hook).__name__


def _type_of(tensor: Handle) -> str:
    name = _TENSOR_NAMES[str(tensor.dtype).removeprefix("torch.")]
    return f"torch.{'' if tensor.device.type == 'cpu' else 'cuda.'}{name}Tensor"


def checked(hook: Callable, before: Handle | None, after: object) -> Handle:
    """What a hook returned in the place of a gradient, if it may stand there."""
    if not isinstance(after, Handle):
        raise TypeError(f"expected Variable, but hook returned '{type(after).__name__}'")
    if before is not None:
        if _type_of(before) != _type_of(after):
            raise RuntimeError(
                f"hook '{name_of(hook)}' has changed the type of value "
                f"(was {_type_of(before)} got {_type_of(after)})"
            )
        if before.shape != after.shape:
            raise RuntimeError(f"hook '{name_of(hook)}' has changed the size of value")
    return after


def register(function, callback, hook: Callable, *owner) -> RemovableHandle:
    """Register `hook`, which `callback` calls, at its owner with one of the C functions."""
    handle = c_void_p()
    check(function(*owner, callback, hold(hook), DESTROY, byref(handle)))
    return RemovableHandle(handle)


@CFUNCTYPE(c_int32, c_void_p, POINTER(c_void_p))
@guarded
def _run_tensor_hook(user, grad) -> None:
    hook = held(user)
    before = borrowed(grad[0])
    after = hook(before)
    if after is not None:
        grad[0] = given(checked(hook, before, after))


@CFUNCTYPE(c_int32, c_void_p, c_void_p)
@guarded
def _run_post_accumulate_hook(user, leaf) -> None:
    if held(user)(standing_for(borrowed(leaf))) is not None:
        raise RuntimeError("Tensor post accumulate grad hooks should return None.")


def register_tensor_hook(tensor: Handle, hook: Callable) -> RemovableHandle:
    return register(native.register_hook, _run_tensor_hook, hook, tensor._handle)


def register_post_accumulate_hook(tensor: Handle, hook: Callable) -> RemovableHandle:
    function = native.register_post_accumulate_grad_hook
    return register(function, _run_post_accumulate_hook, hook, remember(tensor)._handle)


@CFUNCTYPE(c_int32, c_void_p, POINTER(c_void_p), c_size_t)
@guarded
def _run_multi_grad_hook(user, grads, count) -> None:
    held(user)([borrowed(grads[i]) for i in range(count)])


@CFUNCTYPE(c_int32, c_void_p, c_void_p)
@guarded
def _run_any_grad_hook(user, grad) -> None:
    held(user)(borrowed(grad))


def register_tensors_hook(
    tensors: Sequence[Handle], hook: Callable, *, any: bool
) -> RemovableHandle:
    """Register a hook of several tensors: for all of their gradients, or for any one."""
    function = native.register_any_grad_hook if any else native.register_multi_grad_hook
    callback = _run_any_grad_hook if any else _run_multi_grad_hook
    return register(function, callback, hook, handles(tensors), len(tensors))


def _replace(hook: Callable, places, before: tuple, after: object) -> None:
    """Write what a node's hook returned over the gradients."""
    if after is None:
        return
    if not isinstance(after, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(after).__name__}'")
    if len(after) != len(before):
        raise RuntimeError(
            f"hook '{name_of(hook)}' has returned an incorrect number of values "
            f"(got {len(after)}, but expected {len(before)})"
        )
    for place, (old, new) in enumerate(zip(before, after)):
        if new is not old:
            places[place] = None if new is None else given(checked(hook, old, new))


@CFUNCTYPE(c_int32, c_void_p, POINTER(c_void_p), c_size_t)
@guarded
def _run_prehook(user, grads, count) -> None:
    hook = held(user)
    before = tuple(borrowed(grads[i]) for i in range(count))
    _replace(hook, grads, before, hook(before))


@CFUNCTYPE(c_int32, c_void_p, POINTER(c_void_p), c_size_t, POINTER(c_void_p), c_size_t)
@guarded
def _run_posthook(user, inputs, input_count, outputs, output_count) -> None:
    hook = held(user)
    before = tuple(borrowed(inputs[i]) for i in range(input_count))
    arrived = tuple(borrowed(outputs[i]) for i in range(output_count))
    _replace(hook, inputs, before, hook(before, arrived))


def register_node_prehook(node: c_void_p, hook: Callable) -> RemovableHandle:
    return register(native.node_register_prehook, _run_prehook, hook, node)


def register_node_hook(node: c_void_p, hook: Callable) -> RemovableHandle:
    return register(native.node_register_hook, _run_posthook, hook, node)


@CFUNCTYPE(c_int32, c_void_p)
@guarded
def _run_queued(user) -> None:
    held(user)()


def queue_callback(callback: Callable) -> None:
    """Have `callback()` called at the end of the backward pass that runs on this thread."""
    check(native.queue_callback(_run_queued, hold(callback), DESTROY))
