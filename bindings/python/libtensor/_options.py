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

from ._schema import Arg, Op
from ._structs import Device, IntegerScalar, OptionalDouble, OptionalInt64
from ._values import KINDS, NULL

TENSOR_OPTIONS = "tensor"
"""The field that says how the result is made."""

C_TYPES = {
    "int64": c_int64,
    "double": c_double,
    "bool": c_bool,
    "int64?": OptionalInt64,
    "double?": OptionalDouble,
    "scalar": IntegerScalar,
    "handle": c_void_p,
    "list": c_void_p,
    "dtype": c_int32,
    "device": Device,
    "reduction": c_int32,
    "options": c_void_p,
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


def fill(struct: Structure, arg: Arg, value: object) -> object:
    """Write a Python value into its field; gives what must live as long as the struct."""
    native = KINDS[arg.type].convert(value)
    if arg.field == "list":
        values, count = native
        setattr(struct, arg.name, addressof(values))
        setattr(struct, f"{arg.name}_count", count.value)
        return values
    if arg.field == "options":
        options = getattr(native, "_obj", None)  # of a pointer that byref made
        if options is not None:
            setattr(struct, TENSOR_OPTIONS, addressof(options))
        return options
    if arg.field == "scalar":
        setattr(struct, arg.name, IntegerScalar.from_buffer_copy(native))
    elif arg.field == "device":
        setattr(struct, arg.name, native)
    elif arg.field.endswith("?"):
        setattr(struct, arg.name, C_TYPES[arg.field](True, native.value))
    else:
        setattr(struct, arg.name, native.value)
    return native


def packer(op: Op, args: tuple[Arg, ...]) -> Callable[[tuple], object]:
    """A function that makes a pointer to an operation's options, of the values of these arguments;
    None stands for a default."""
    kind = struct_of(op)
    size = sizeof(kind)

    def pack(values: tuple) -> object:
        struct = kind(size)
        struct.kept = [
            fill(struct, arg, value) for arg, value in zip(args, values) if value is not None
        ]
        return byref(struct)

    return pack if args else lambda values: NULL
