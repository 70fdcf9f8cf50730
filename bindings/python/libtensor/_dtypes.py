"""dtype, device and Size: the small objects that describe a tensor."""

from __future__ import annotations

from ctypes import byref, c_int32
from math import prod

from ._errors import check
from ._library import native
from ._native import DEVICES, DTYPES
from ._structs import Device

_FLOATING = ("float16", "bfloat16", "float32", "float64")
_UNSIGNED = ("bool", "uint8")


class dtype:
    """The type of a tensor's elements. There is one object of each: compare with `is` or `==`."""

    __slots__ = ("name", "code", "itemsize", "is_floating_point", "is_complex", "is_signed")

    def __init__(self, name: str, code: int):
        self.name = name
        self.code = code
        self.itemsize = native.dtype_size(code)
        self.is_floating_point = name in _FLOATING
        self.is_complex = False
        self.is_signed = name not in _UNSIGNED

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name

    def __copy__(self) -> dtype:
        return self

    def __deepcopy__(self, memo: object) -> dtype:
        return self


BY_NAME = {name: dtype(name, code) for name, code in DTYPES.items() if code}
BY_CODE = {item.code: item for item in BY_NAME.values()}
ALIASES = {
    "float": "float32", "double": "float64", "half": "float16", "short": "int16", "int": "int32",
    "long": "int64",
}  # fmt: skip
OF_PYTHON = {bool: BY_NAME["bool"], int: BY_NAME["int64"], float: BY_NAME["float64"]}
"""What a Python type stands for where a dtype is asked for."""

DEFAULT = BY_NAME["float32"]

TYPE_NAMES = {
    "bool": "Bool", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int",
    "int64": "Long", "float16": "Half", "bfloat16": "BFloat16", "float32": "Float",
    "float64": "Double",
}  # fmt: skip
"""The names in types like torch.FloatTensor, which messages use too."""
C_NAMES = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short int",
    "int32": "int", "int64": "long int", "float16": "c10::Half", "bfloat16": "c10::BFloat16",
    "float32": "float", "float64": "double",
}  # fmt: skip
"""The names of C types, which other messages of PyTorch's use."""


class device:
    """Where a tensor lives: `device("cpu")`, `device("cuda:0")`, `device("cuda", 0)`."""

    __slots__ = ("type", "index")

    def __init__(self, type: str | int | device, index: int | None = None):
        if isinstance(type, int) and not isinstance(type, bool):
            type, index = "cuda", type
        if isinstance(type, device):
            type, index = type.type, type.index
        if not isinstance(type, str):
            raise TypeError(
                "device() received an invalid combination of arguments - "
                f"got ({type.__class__.__name__})"
            )
        kind, colon, number = type.partition(":")
        if colon:
            if index is not None or not number.isdecimal():
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        if kind not in DEVICES or not DEVICES[kind]:
            kinds = ", ".join(name for name, code in DEVICES.items() if code)
            raise RuntimeError(
                f"Expected one of {kinds} device type at start of device string: {kind}"
            )
        self.type = kind
        self.index = index

    def native(self) -> Device:
        """As the C library takes it."""
        index = (-1 if self.type == "cuda" else 0) if self.index is None else self.index
        return Device(DEVICES[self.type], index)

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, device):
            return NotImplemented
        return (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))


_TYPES = {code: name for name, code in DEVICES.items()}


def device_of(found: Device) -> device:
    """The device that the C library names; the CPU has no index."""
    kind = _TYPES[found.type]
    return device(kind, None if kind == "cpu" else found.index)


class Size(tuple):
    """The shape of a tensor: a tuple of its sizes."""

    __slots__ = ()

    def numel(self) -> int:
        """How many elements a tensor of this shape has."""
        return prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __getitem__(self, index):
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found

    def __add__(self, other: tuple) -> Size:
        return Size(tuple.__add__(self, tuple(other)))

    def __mul__(self, count: int) -> Size:
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype that holds the values of both: that of an operation on both."""
    found = c_int32()
    check(native.promote_types(type1.code, type2.code, byref(found)))
    return BY_CODE[found.value]


def category(item: dtype) -> int:
    """0 for bool, 1 for integers, 2 for floating dtypes."""
    return 2 if item.is_floating_point else int(item.name != "bool")


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of the first dtype may be written to a tensor of the second."""
    return category(from_) <= category(to)


def with_number(item: dtype, number: bool | int | float) -> dtype:
    """The dtype of an operation on a tensor of dtype `item` and a number."""
    of_number = OF_PYTHON[type(number)]
    if category(of_number) <= category(item):
        return item
    return DEFAULT if of_number.is_floating_point else of_number
