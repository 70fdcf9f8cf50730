"""Nested Python sequences as flat elements of a dtype."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from ._dtypes import BY_NAME, DEFAULT, dtype, promote_types
from ._handle import Handle
from ._values import check_element, is_number

MOST_DIMS = 64
_LIMITS = {"int8": 7, "int16": 15, "int32": 31, "int64": 63}
_CODES = {"int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "bool": "B"}


def flattened(data: object) -> tuple[list, tuple[int, ...]]:
    """The elements of nested sequences in row-major order, and their shape."""
    shape = _shape_of(data)
    flat: list[object] = []
    _collect(data, shape, 0, flat)
    return flat, shape


def _is_sequence(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return True
    if isinstance(value, Handle):
        return bool(value.dim())
    array_like = hasattr(value, "__len__") and hasattr(value, "__getitem__")
    return array_like and not isinstance(value, (str, bytes, dict)) and getattr(value, "ndim", 1)


def _shape_of(data: object) -> tuple[int, ...]:
    """The sizes along the first elements; the others are checked when they are collected."""
    shape: list[int] = []
    while _is_sequence(data):
        if len(shape) == MOST_DIMS:  # a list may contain itself
            raise ValueError(f"too many dimensions '{type(data).__name__}'")
        shape.append(len(data))
        if not shape[-1]:
            break
        data = data[0]
        if isinstance(data, str) and len(data) == 1 and shape:
            raise ValueError("too many dimensions 'str'")
    if isinstance(data, (str, bytes)):
        if shape:
            raise ValueError(f"too many dimensions '{type(data).__name__}'")
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    return tuple(shape)


def _collect(data: object, shape: tuple[int, ...], level: int, flat: list) -> None:
    if level == len(shape):
        flat.append(_element(data))
        return
    if not _is_sequence(data):
        raise TypeError("not a sequence")
    if len(data) != shape[level]:
        raise ValueError(
            f"expected sequence of length {shape[level]} at dim {level} (got {len(data)})"
        )
    if level + 1 == len(shape) and type(data) in (list, tuple) and set(map(type, data)) <= _PLAIN:
        flat.extend(data)
        return
    for item in data:
        _collect(item, shape, level + 1, flat)


_PLAIN = {bool, int, float}


def _element(value: object) -> object:
    """One element: a number, or what tells one."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Handle):
        if value.numel() != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return value
    if isinstance(value, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(value).__name__}'")
    if isinstance(value, (list, tuple)):
        raise TypeError("'list' object cannot be interpreted as an integer")
    if is_number(value):
        return value
    raise RuntimeError(f"Could not infer dtype of {type(value).__name__}")


def infer(values: Sequence) -> dtype:
    """The dtype that holds all elements: bool, int64 or float32 for Python's numbers."""
    kinds = {_dtype_of(value) for value in values} if values else {DEFAULT}
    found = kinds.pop()
    for kind in kinds:
        found = promote_types(found, kind)
    return found


def _dtype_of(value: object) -> dtype:
    if isinstance(value, bool):
        return BY_NAME["bool"]
    if isinstance(value, Handle):
        return value.dtype
    named = getattr(getattr(value, "dtype", None), "name", None)  # a number of NumPy's
    if named in BY_NAME:
        return BY_NAME[named]
    return BY_NAME["int64"] if isinstance(value, int) else DEFAULT


def packed(values: Sequence, kind: dtype) -> tuple[bytes, dtype]:
    """The elements' bytes, and their dtype: `kind`, or one it is made from without a loss."""
    if kind.is_floating_point:
        stored = kind if kind.name == "float64" else BY_NAME["float32"]
        numbers = array("d", map(float, values))
        if stored.name == "float64":
            return numbers.tobytes(), stored
        return array("f", numbers).tobytes(), stored
    if kind.name == "bool":
        return bytes(map(bool, values)), kind
    return array(_CODES[kind.name], [_integer(value, kind) for value in values]).tobytes(), kind


def _integer(value: object, kind: dtype) -> int:
    if not math.isfinite(value):
        raise RuntimeError(f"value cannot be converted to type {kind.name} without overflow")
    check_element(value)
    value = int(value)
    if kind.name == "uint8":
        low, high = -255, 255
    else:
        high = 2 ** _LIMITS[kind.name] - 1
        low = -high - 1
    if not low <= value <= high:
        raise RuntimeError(f"value cannot be converted to type {kind.name} without overflow")
    return value % 256 if kind.name == "uint8" else value
