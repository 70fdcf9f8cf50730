"""Looking into graphs and saved tensors: nodes, edges, what is kept for backward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, c_int32, c_void_p

from .. import cuda
from .._edge import GradientEdge, get_gradient_edge
from .._errors import check
from .._handle import Handle
from .._hooks import RemovableHandle, register_tensors_hook
from .._library import native
from .._node import Node
from .._user import DESTROY, borrowed, given, guarded, held, hold

__all__ = [
    "GradientEdge",
    "Node",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


def register_multi_grad_hook(
    tensors: Sequence[Handle], fn: Callable, *, mode: str = "all"
) -> RemovableHandle:
    """Have `fn` called once in each backward pass that computes gradients of `tensors`: with the
    list of them, None for those that the pass does not compute, when the last is there ("all"), or
    with the first one ("any")."""
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    if mode == "any":
        tensors = [tensor for tensor in tensors if tensor.requires_grad]
    return register_tensors_hook(tensors, fn, any=mode == "any")


@CFUNCTYPE(c_int32, c_void_p, c_void_p, POINTER(c_void_p))
@guarded
def _pack(user, tensor, packed) -> None:
    packed[0] = hold(held(user)[0](borrowed(tensor)))


@CFUNCTYPE(c_int32, c_void_p, c_void_p, POINTER(c_void_p))
@guarded
def _unpack(user, packed, out) -> None:
    found = held(user)[1](held(packed))
    if not isinstance(found, Handle):
        raise TypeError(
            "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
            f"{type(found).__name__}"
        )
    out[0] = given(found)


@CFUNCTYPE(None, c_void_p, c_void_p)
def _discard(_user, packed) -> None:
    DESTROY(packed)


class saved_tensors_hooks:
    """Inside, every tensor that is saved for backward goes through `pack_hook`, and what that
    returns through `unpack_hook` when it is needed."""

    def __init__(self, pack_hook: Callable, unpack_hook: Callable):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        user = hold((self.pack_hook, self.unpack_hook))
        check(native.saved_tensors_hooks_push(_pack, _unpack, _discard, user, DESTROY))

    def __exit__(self, *error: object) -> None:
        check(native.saved_tensors_hooks_pop())


class save_on_cpu(saved_tensors_hooks):
    """Inside, what is saved for backward is kept in host memory."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda"):
        pins = pin_memory and cuda.is_available()

        def pack(tensor: Handle) -> tuple:
            kept = tensor.to("cpu")
            return tensor.device, kept.pin_memory() if pins else kept

        super().__init__(pack, lambda kept: kept[1].to(kept[0], non_blocking=pins))


def increment_version(tensor: Handle | Iterable[Handle]) -> None:
    """Tell autograd that elements were changed through their address, unseen by it."""
    for changed in [tensor] if isinstance(tensor, Handle) else tensor:
        check(native.increment_version(changed._handle))


_disabled: list[str] = []


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Inside, to set saved-tensor hooks raises RuntimeError with this message."""
    check(native.saved_tensors_hooks_disable(error_message.encode()))
    _disabled.append(error_message)
    try:
        yield
    finally:
        _disabled.pop()
        before = _disabled[-1].encode() if _disabled else None
        check(native.saved_tensors_hooks_disable(before))
