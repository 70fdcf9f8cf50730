"""Finds libtensor.so, loads it, and declares its functions."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from ._native import FUNCTIONS

FILE_NAMES = {
    "darwin": ("libtensor.1.dylib", "libtensor.dylib"),
    "win32": ("tensor-1.dll", "tensor.dll"),
}.get(sys.platform, ("libtensor.so.1", "libtensor.so"))
PACKAGE = Path(__file__).resolve().parent
CHECKOUT = Path(*PACKAGE.parts[:-3])
"""The checkout that this is a part of, if it is: the package lies in its bindings/python."""


def _candidates() -> Iterator[str]:
    """Where the library may be, the likeliest first."""
    folders = [
        PACKAGE,
        PACKAGE.parent,
        CHECKOUT / "build",
        Path(sys.prefix) / "lib",
        Path("/usr/local/lib"),
    ]
    for folder in folders:
        for name in FILE_NAMES:
            if (folder / name).exists():
                yield str(folder / name)
    found = ctypes.util.find_library("tensor")
    if found:
        yield found
    yield from FILE_NAMES


def load() -> ctypes.CDLL:
    """The library that LIBTENSOR_LIBRARY names, or else the first one that can be opened."""
    named = os.environ.get("LIBTENSOR_LIBRARY")
    tried = []
    for name in [named] if named else _candidates():
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            tried.append(f"  {name}: {error}")
    where = "that LIBTENSOR_LIBRARY names " if named else ""
    raise ImportError(
        f"libtensor: the library {where}cannot be loaded. Set LIBTENSOR_LIBRARY to the path of "
        f"{FILE_NAMES[-1]}, or build it in {CHECKOUT / 'build'}. Tried:\n" + "\n".join(tried)
    )


def declared() -> SimpleNamespace:
    """The functions of the hand-written headers, checked by ctypes, without `tensor_`."""
    functions = SimpleNamespace()
    for name, (result, parameters) in FUNCTIONS.items():
        function = bare(name)
        function.restype, function.argtypes = result, parameters
        setattr(functions, name, function)
    return functions


def bare(name: str) -> ctypes._CFuncPtr:
    """A function that takes ctypes objects as they are, which is faster; it returns a status."""
    try:
        return LIBRARY[f"tensor_{name}"]
    except AttributeError:
        raise ImportError(
            f"libtensor: {LIBRARY._name} has no tensor_{name}: it is older than this package"
        ) from None


LIBRARY = load()
native = declared()
