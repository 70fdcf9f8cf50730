"""Turns the C library's statuses into Python's exceptions."""

from __future__ import annotations

from typing import NoReturn

from ._library import native
from ._native import STATUS


class OutOfMemoryError(RuntimeError):
    """The memory that was asked for cannot be had."""


class GradcheckError(RuntimeError):
    """A gradient is not what differences say."""


_EXCEPTIONS = {
    STATUS["type"]: TypeError,
    STATUS["value"]: ValueError,
    STATUS["index"]: IndexError,
    STATUS["not_implemented"]: NotImplementedError,
    STATUS["out_of_memory"]: OutOfMemoryError,
    STATUS["gradcheck"]: GradcheckError,
}
"""Every other status is a RuntimeError."""


def last_error() -> str:
    """The message of this thread's last call that failed."""
    return native.last_error().decode("utf-8", "replace")


def fail(status: int) -> NoReturn:
    """Raise what a status other than 0 stands for, with the library's message."""
    raise _EXCEPTIONS.get(status, RuntimeError)(last_error())


def check(status: int) -> None:
    """Raise unless the status is that of success."""
    if status:
        fail(status)
