"""Python objects that the C library holds for its callbacks, and what these raise.

The library knows an object by a number. Each kind of callback is one C function for ever, which
finds the object by that number; `DESTROY` lets go of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ctypes import CFUNCTYPE, byref, c_void_p
from functools import wraps
from itertools import count

from ._errors import add_exception_source, check
from ._handle import Handle, fresh
from ._library import native
from ._native import STATUS

_numbers = count(1)
_held: dict[int, object] = {}
_moved: dict[int, Callable] = {}
"""Where they are, instead, while Python collects garbage (_collector.py)."""
_raised: dict[int, BaseException] = {}
_MOST_RAISED = 1000
_MARK = re.compile(r"\[Python exception (\d+)\]")


def hold(value: object) -> c_void_p:
    """A number for the object, as the `user` of a callback, until DESTROY is called with it."""
    number = next(_numbers)
    _held[number] = value
    return c_void_p(number)


def held(user: int) -> object:
    try:
        return _held[user]
    except KeyError:
        return _moved[user]().value


@CFUNCTYPE(None, c_void_p)
def DESTROY(user: int, pop=_held.pop, pop_moved=_moved.pop) -> None:
    pop_moved(user, None)
    pop(user, None)


def guarded(function: Callable) -> Callable:
    """The function as a callback: what it raises becomes an error of the library, which carries the
    exception to wherever the library's call returns."""

    @wraps(function)
    def run(*args) -> int:
        try:
            function(*args)
        except BaseException as error:  # noqa: BLE001 - raised again in `_take`
            number = next(_numbers)
            _raised[number] = error
            if len(_raised) > _MOST_RAISED:  # of calls whose errors nobody looked at
                _raised.pop(next(iter(_raised)))
            text = f"{type(error).__name__}: {error} [Python exception {number}]"
            return native.set_last_error(STATUS["internal"], text.encode("utf-8", "replace"))
        return 0

    return run


def _take(message: str) -> BaseException | None:
    mark = _MARK.search(message)
    return _raised.pop(int(mark[1]), None) if mark else None


add_exception_source(_take)


def borrowed(handle: int | None) -> Handle | None:
    """A tensor of its own for a handle that a callback was lent; None for NULL."""
    if not handle:
        return None
    result = fresh()
    check(native.retain(handle, byref(result._handle)))
    return result


def given(value: Handle | None) -> c_void_p:
    """A handle that the library takes over."""
    handle = c_void_p()
    if value is not None:
        check(native.retain(value._handle, byref(handle)))
    return handle
