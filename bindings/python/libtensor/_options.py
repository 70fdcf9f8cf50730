"""The C structs of operations' options, tensor_<operation>_options_t: what has a default.

Zeros stand for the defaults, so that only what a call gives is filled in.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import (
    Structure,
    addressof,
    byref,
    c_bool,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_void_p,
    sizeof,
)
from functools import cache

from ._enums import ENUMS
from ._schema import Arg, Op
from ._structs import Device, IntegerScalar, OptionalBool, OptionalDouble, OptionalInt64
from ._values import KINDS, NULL

TENSOR_OPTIONS = "tensor"
"""The field that says how the result is made."""

C_TYPES = {
    "int64": c_int64,
    "double": c_double,
    "bool": c_bool,
    "int64?": OptionalInt64,
    "double?": OptionalDouble,
    "bool?": OptionalBool,
    "scalar": IntegerScalar,
    "handle": c_void_p,
    "list": c_void_p,
    "dtype": c_int32,
    "device": Device,
    "options": c_void_p,
    **dict.fromkeys(ENUMS, c_int32),
}
"""The word of a field -> its type; a list has its length behind it."""


@cache
def struct_of(op: Op) -> type[Structure]:
    """The struct of an operation."""
    fields = [("struct_size", c_size_t)]
    for arg in op.args:
        if arg.field == "options":
            fields.append((TENSOR_OPTIONS, c_void_p))
        elif arg.field:
            fields.append((arg.name, C_TYPES[arg.field]))
        if arg.field == "list":
            fields.append((f"{arg.name}_count", c_size_t))
    name = "".join(part.capitalize() for part in op.name.split("_"))
    return type(f"{name}Options", (Structure,), {"_fields_": fields})


def filler(arg: Arg) -> Callable[[Structure, object], object]:
    """A function that writes a Python value into its field, and gives what must live as long."""
    name, convert, wrapped = arg.name, KINDS[arg.type].convert, C_TYPES[arg.field]

    def plain(struct: Structure, value: object) -> None:
        setattr(struct, name, convert(value).value)

    def optional(struct: Structure, value: object) -> None:
        setattr(struct, name, wrapped(True, convert(value).value))

    def scalar(struct: Structure, value: object) -> None:
        setattr(struct, name, IntegerScalar.from_buffer_copy(convert(value)))

    def device(struct: Structure, value: object) -> None:
        setattr(struct, name, convert(value))

    def ints(struct: Structure, value: object) -> object:
        values, count = convert(value)
        setattr(struct, name, addressof(values))
        setattr(struct, f"{name}_count", count.value)
        return values

    def options(struct: Structure, value: object) -> object:
        found = getattr(convert(value), "_obj", None)  # of a pointer that byref made
        if found is not None:
            setattr(struct, TENSOR_OPTIONS, addressof(found))
        return found

    if arg.field.endswith("?"):
        return optional
    fillers = {"scalar": scalar, "device": device, "list": ints, "options": options}
    return fillers.get(arg.field, plain)


def packer(op: Op, args: tuple[Arg, ...]) -> Callable[[tuple], object]:
    """A function that makes a pointer to an operation's options, of the values of these arguments;
    None stands for a default."""
    if not args:
        return lambda values: NULL
    kind, fillers = struct_of(op), [filler(arg) for arg in args]
    size = sizeof(kind)

    def pack(values: tuple) -> object:
        struct = kind(size)
        for fill, value in zip(fillers, values):
            if value is not None:
                kept = fill(struct, value)
                if kept is not None:
                    struct.__dict__.setdefault("kept", []).append(kept)
        return byref(struct)

    return pack
