"""The C functions behind an operation, as Python functions over ctypes values.

A runner takes the C arguments without the result's pointers and gives Python objects. No argument
types are declared: every argument is a ctypes object already, and ctypes passes such objects on
faster than it converts others.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from ctypes import byref, c_bool, c_size_t, c_void_p

from ._errors import fail
from ._handle import Handle, fresh
from ._library import bare
from ._schema import Op

SUFFIXES = {"function": "", "inplace": "_", "out": "_out"}


def runner(op: Op, variant: str) -> Callable:
    """The function that calls one variant of an operation."""
    function = bare(op.name + SUFFIXES[variant])
    if variant == "inplace":
        return _inplace(function)
    if variant == "out":
        return _out(function, result_type(op))
    if op.returns == ("bool",):
        return _bool(function)
    if op.returns_list:
        return _list(function)
    if len(op.returns) == 1:
        return _tensor(function)
    return _tensors(function, result_type(op))


def result_type(op: Op) -> Callable | None:
    """The named tuple of an operation with several results, printing as PyTorch's."""
    if len(op.returns) == 1:
        return None
    name = op.torch[0]
    base = namedtuple(name, op.returns)

    def text(self: tuple) -> str:
        fields = ",\n".join(f"{key}={value!r}" for key, value in zip(self._fields, self))
        return f"torch.return_types.{name}(\n{fields})"

    return type(name, (base,), {"__slots__": (), "__repr__": text})


def _tensor(function: Callable) -> Callable:
    def run(*native: object) -> Handle:
        result = fresh()
        status = function(*native, byref(result._handle))
        if status:
            fail(status)
        return result

    return run


def _tensors(function: Callable, kind: Callable) -> Callable:
    count = len(kind._fields)

    def run(*native: object) -> tuple:
        results = [fresh() for _ in range(count)]
        status = function(*native, *[byref(result._handle) for result in results])
        if status:
            fail(status)
        return kind(*results)

    return run


def _list(function: Callable) -> Callable:
    """The results as a tuple; the function is asked how many there are first."""

    def run(*native: object) -> tuple:
        count = c_size_t()
        status = function(*native, None, c_size_t(0), byref(count))
        if status:
            fail(status)
        out = (c_void_p * count.value)()
        status = function(*native, out, count, byref(count)) if count else 0
        if status:
            fail(status)
        results = []
        for value in out:
            result = fresh()
            result._handle.value = value
            results.append(result)
        return tuple(results)

    return run


def _bool(function: Callable) -> Callable:
    def run(*native: object) -> bool:
        result = c_bool()
        status = function(*native, byref(result))
        if status:
            fail(status)
        return result.value

    return run


def _inplace(function: Callable) -> Callable:
    def run(*native: object) -> None:
        status = function(*native)
        if status:
            fail(status)

    return run


def _out(function: Callable, kind: Callable | None) -> Callable:
    def run(out: object, *native: object) -> object:
        outs = (out,) if kind is None else out
        status = function(*native, *[item._handle for item in outs])
        if status:
            fail(status)
        return out if kind is None else kind(*out)

    return run
