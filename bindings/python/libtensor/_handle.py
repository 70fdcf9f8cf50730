"""The base of Tensor: one owned handle."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_void_p

from ._library import bare

_release = bare("release")
_new = object.__new__


class Handle:
    """Owns a handle of the C library and gives it back when Python lets go of the object.

    `_handle` is a c_void_p that the C functions take as it is; it holds NULL until a call has
    written the handle. `_known` is the tensor's number where this object stands for it
    (_identity.py), `_keeper` the owner of the handle where that is another object, `_held` what
    Python's collector is shown (_collector.py).
    """

    __slots__ = ("_handle", "_known", "_keeper", "_held", "__dict__", "__weakref__")

    # The default argument outlives the module's globals when the interpreter shuts down.
    def __del__(self, release=_release) -> None:
        try:
            if self._known and _outlives is not None and _outlives(self):
                return
            release(self._handle)
        except AttributeError:  # construction failed before there was a handle
            pass


def _outlives(tensor: Handle) -> bool:
    return False


def set_outlives(function: Callable[[Handle], bool]) -> None:
    """Say whether the library goes on holding an object that Python lets go of; used once."""
    global _outlives
    _outlives = function


_tensor_class: type[Handle] = Handle


def set_tensor_class(cls: type[Handle]) -> type[Handle]:
    """Say which class new handles get; used once, as a decorator."""
    global _tensor_class
    _tensor_class = cls
    return cls


def fresh() -> Handle:
    """A tensor that a C function will write its handle to: `byref(result._handle)`."""
    result = _new(_tensor_class)
    result._handle = c_void_p()
    result._known = 0
    return result
