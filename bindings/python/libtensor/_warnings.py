"""The library's warnings as Python's."""

from __future__ import annotations

import atexit
import os
import sys
import warnings
from ctypes import CFUNCTYPE, c_char_p, c_int32, c_void_p

from ._errors import check
from ._library import native
from ._user import guarded

_HERE = os.path.dirname(os.path.abspath(__file__))


def warn(text: str) -> None:
    """A UserWarning at the line of the program that called the package."""
    level, frame = 1, sys._getframe(0)
    while frame and frame.f_code.co_filename.startswith(_HERE):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=level)


@CFUNCTYPE(c_int32, c_void_p, c_char_p)
@guarded  # where a filter makes an error of the warning, it comes out of the call that warned
def _WARN(_user: int | None, message: bytes) -> None:
    warn(message.decode("utf-8", "replace"))


check(native.set_warning_callback(_WARN, None, None))
# The program may use the library longer than Python.
atexit.register(native.set_warning_callback, None, None, None)
