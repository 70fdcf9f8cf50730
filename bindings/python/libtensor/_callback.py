"""Python functions as callbacks of the C library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import CFUNCTYPE, POINTER, byref, c_int32, c_size_t, c_void_p

from ._errors import check, fail
from ._handle import Handle, fresh
from ._library import native
from ._native import STATUS

_FUNCTION = CFUNCTYPE(
    c_int32, c_void_p, POINTER(c_void_p), c_size_t, POINTER(c_void_p), c_size_t
)


class Callback:
    """A function of tensors as a tensor_callable_t; keeps what the function raises.

    The C library sees handles of its own, which Python's tensors are second handles of.
    """

    def __init__(self, function: Callable[..., Sequence], may_give_fewer: bool = False):
        self._function = function
        self._may_give_fewer = may_give_fewer
        self._error: BaseException | None = None
        self.pointer = _FUNCTION(self._run)

    def _run(self, _user, inputs, input_count, outputs, output_count) -> int:
        try:
            results = self._function(*[_retained(inputs[i]) for i in range(input_count)])
            few_enough = self._may_give_fewer and len(results) <= output_count
            if len(results) != output_count and not few_enough:
                raise RuntimeError(
                    f"the function gave {len(results)} tensors where it gave {output_count} before"
                )
            for place, item in enumerate(results):
                handle = c_void_p()
                check(native.retain(item._handle, byref(handle)))
                outputs[place] = handle
        except BaseException as error:  # noqa: BLE001 - it goes on in `check`
            self._error = error
            return STATUS["internal"]
        return 0

    def check(self, status: int) -> None:
        """Raise what the function raised, or else what the status stands for."""
        error, self._error = self._error, None
        if error is not None:
            raise error
        if status:
            fail(status)


def _retained(handle: int) -> Handle:
    result = fresh()
    check(native.retain(handle, byref(result._handle)))
    return result
