"""Turns the C library's statuses into Python's exceptions."""

from __future__ import annotations

from collections.abc import Callable
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


_sources: list[Callable[[str], BaseException | None]] = []


def add_exception_source(source: Callable[[str], BaseException | None]) -> None:
    """`source` finds the exception that a message carries, if it carries one."""
    _sources.append(source)


def fail(status: int) -> NoReturn:
    """Raise what a status other than 0 stands for, with the library's message."""
    message = last_error()
    for source in _sources:
        carried = source(message)
        if carried is not None:
            raise carried
    raise _EXCEPTIONS.get(status, RuntimeError)(message)


def check(status: int) -> None:
    """Raise unless the status is that of success."""
    if status:
        fail(status)
