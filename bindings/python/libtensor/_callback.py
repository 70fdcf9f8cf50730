"""Python functions of tensors as the tensor_callable_t of the C library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, c_int32, c_size_t, c_void_p

from ._user import DESTROY, borrowed, given, guarded, held, hold

_CALLABLE = CFUNCTYPE(c_int32, c_void_p, POINTER(c_void_p), c_size_t, POINTER(c_void_p), c_size_t)


@_CALLABLE
@guarded
def CALL(user, inputs, input_count, outputs, output_count) -> None:
    """Calls the function that is held as `user`, which gives a sequence of tensors."""
    results = held(user)(*[borrowed(inputs[place]) for place in range(input_count)])
    if len(results) > output_count:
        raise RuntimeError(
            f"the function gave {len(results)} tensors where it gave {output_count} before"
        )
    for place, item in enumerate(results):
        outputs[place] = given(item)


@contextmanager
def lent(function: Callable) -> Iterator[c_void_p]:
    """The function as the `user` of CALL, for the time of one call of the library."""
    user = hold(function)
    try:
        yield user
    finally:
        DESTROY(user)
