"""Python values as C arguments: for each type of the table, what it accepts and its ctypes form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import byref, c_bool, c_double, c_int32, c_int64, c_size_t, c_void_p
from numbers import Integral, Real
from operator import index

from ._dtypes import OF_PYTHON, device, dtype
from ._enums import ENUMS
from ._handle import Handle
from ._native import DTYPES
from ._structs import OPTIONS_SIZE, DoubleScalar, IntegerScalar, Options

_BOOL, _INT64, _FLOAT64 = DTYPES["bool"], DTYPES["int64"], DTYPES["float64"]
_UINT64 = DTYPES["uint64"]
_LEAST, _MOST, _MOST_UNSIGNED = -(2**63), 2**63 - 1, 2**64 - 1
_ARRAYS = [c_int64 * n for n in range(9)]
NULL = c_void_p()


class Mismatch(TypeError):
    """A value is not of the type that an argument takes."""


def is_number(value: object) -> bool:
    """A number of Python or NumPy (not a tensor)."""
    return isinstance(value, (float, int, Real)) or type(value).__name__ in ("bool_", "bool")


def plain_number(value: object) -> bool | int | float:
    """A number of any kind as one of Python's own."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else bool(value)


def scalar(value: object) -> IntegerScalar | DoubleScalar:
    """A number, or a tensor of one element, as a tensor_scalar_t."""
    kind = type(value)
    if kind is float:
        return DoubleScalar(_FLOAT64, 0, value)
    if kind is int:
        if _LEAST <= value <= _MOST:
            return IntegerScalar(_INT64, 0, value)
        if value < 0:
            raise OverflowError("can't convert negative int to unsigned")
        if value > _MOST_UNSIGNED:
            raise OverflowError("int too big to convert")
        return IntegerScalar(_UINT64, 0, value)
    if kind is bool:
        return IntegerScalar(_BOOL, 0, value)
    if isinstance(value, Handle):
        if value.dim() or value.requires_grad:
            raise Mismatch
        return scalar(value.item())
    if is_number(value):
        return scalar(plain_number(value))
    raise Mismatch


def is_scalar(value: object) -> bool:
    if isinstance(value, Handle):
        return not value.dim() and not value.requires_grad
    return is_number(value)


def is_int(value: object) -> bool:
    """An integer: no bool, but a tensor of one integer."""
    if isinstance(value, int):
        return not isinstance(value, bool)
    if isinstance(value, Handle):
        return not value.dim() and not value.dtype.is_floating_point
    return isinstance(value, Integral)


def integer(value: object) -> c_int64:
    if type(value) is not int:
        try:
            value = index(value)
        except TypeError:
            raise Mismatch from None
    if not _LEAST <= value <= _MOST:
        raise RuntimeError("Overflow when unpacking long long")
    return c_int64(value)


def check_element(value: object) -> None:
    """Refuse an integer that no dtype of a tensor holds."""
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        raise ValueError("Overflow when unpacking long long")


def is_ints(value: object) -> bool:
    return isinstance(value, (tuple, list)) and all(map(is_int, value))


def integers(value: Sequence[int]) -> tuple[object, c_size_t]:
    """A sequence as an array and its length."""
    count = len(value)
    kind = _ARRAYS[count] if count < 9 else c_int64 * count
    try:
        return kind(*value), c_size_t(count)
    except TypeError:
        pass
    try:
        return kind(*map(index, value)), c_size_t(count)
    except TypeError:
        raise Mismatch from None


def is_dims(value: object) -> bool:
    return value is None or is_int(value) or is_ints(value)


def dims(value: object) -> tuple[object, c_size_t]:
    """One dim, several, or None for all of them."""
    if type(value) is int:
        return _ARRAYS[1](value), c_size_t(1)
    if value is None:
        return integers(())
    return integers(value if isinstance(value, (tuple, list)) else (value,))


def tensor(value: Handle) -> c_void_p:
    return value._handle


def optional_tensor(value: Handle | None) -> c_void_p:
    return NULL if value is None else value._handle


def is_tensors(value: object) -> bool:
    return isinstance(value, (tuple, list))


def tensors(value: Sequence[Handle]) -> tuple[object, c_size_t]:
    for position, item in enumerate(value):
        if not isinstance(item, Handle):
            raise TypeError(
                f"expected Tensor as element {position} in argument 0, "
                f"but got {type(item).__name__}"
            )
    return handles(value), c_size_t(len(value))


def handles(value: Sequence[Handle | None]) -> object:
    """An array of handles, NULL for None."""
    return (c_void_p * len(value))(
        *[None if item is None else item._handle.value for item in value]
    )


def word(name: str) -> Callable[[str], c_int32]:
    """A function that makes one of an enumeration's words its number."""
    numbers, refusal, error = ENUMS[name]

    def number(value: str) -> c_int32:
        try:
            return c_int32(numbers[value])
        except KeyError:
            raise error(refusal.format(value)) from None

    return number


def is_dtype(value: object) -> bool:
    return isinstance(value, dtype) or value is bool or value is int or value is float


def dtype_object(value: object) -> dtype:
    """A dtype, or the one that Python's bool, int or float stands for."""
    return value if isinstance(value, dtype) else OF_PYTHON[value]


def options(value: dict[str, object] | None) -> object:
    """dtype=, device= and requires_grad= as a pointer to tensor_options_t."""
    if not value:
        return NULL
    result = Options(OPTIONS_SIZE)
    if value.get("dtype") is not None:
        result.dtype = dtype_object(value["dtype"]).code
    if value.get("device") is not None:
        result.device = device(value["device"]).native()
    if value.get("requires_grad"):
        result.requires_grad = True
    return byref(result)


OPTION_CHECKS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "dtype": ("torch.dtype", is_dtype),
    "device": ("torch.device", lambda value: isinstance(value, (str, int, device))),
    "requires_grad": ("bool", lambda value: isinstance(value, bool)),
    "layout": ("torch.layout", lambda value: True),
    "pin_memory": ("bool", lambda value: not value),
    "memory_format": ("torch.memory_format", lambda value: True),
    "generator": ("torch.Generator", lambda value: False),
}
"""The keywords that make up `options`: their type in messages, and what they accept beside None.
Those that the C library has no use for are taken where they ask for nothing special."""


class Kind:
    """How one type of the table is checked and converted; `wide` ones fill two C arguments."""

    __slots__ = ("text", "accepts", "convert", "wide")

    def __init__(self, text: str, accepts: Callable, convert: Callable, wide: bool = False):
        self.text, self.accepts, self.convert, self.wide = text, accepts, convert, wide


KINDS = {
    "Tensor": Kind("Tensor", lambda value: isinstance(value, Handle), tensor),
    "Tensor?": Kind(
        "Tensor", lambda value: value is None or isinstance(value, Handle), optional_tensor
    ),
    "Tensor[]": Kind("tuple of Tensors", is_tensors, tensors, wide=True),
    "Scalar": Kind("Number", is_scalar, scalar),
    "int": Kind("int", is_int, integer),
    "float": Kind("float", is_scalar, lambda value: c_double(float(value))),
    "bool": Kind("bool", lambda value: isinstance(value, bool), c_bool),
    "shape": Kind("tuple of ints", is_ints, integers, wide=True),
    "dims": Kind("tuple of ints", is_dims, dims, wide=True),
    "dtype": Kind("torch.dtype", is_dtype, lambda value: c_int32(dtype_object(value).code)),
    "dtype?": Kind(
        "torch.dtype",
        lambda value: value is None or is_dtype(value),
        lambda value: c_int32(dtype_object(value).code),
    ),
    "device": Kind(
        "torch.device",
        lambda value: isinstance(value, (str, int, device)),
        lambda value: device(value).native(),
    ),
    "options": Kind("options", lambda value: True, options),
}
KINDS |= {name: Kind("str", lambda value: isinstance(value, str), word(name)) for name in ENUMS}
