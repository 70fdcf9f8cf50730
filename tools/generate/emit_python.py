"""Writes the Python package's data: the operations, and the declarations of the C functions."""

from __future__ import annotations

import ast
import textwrap

import c_headers
from model import Arg, Family, Op
from text import SOURCE
from vocabulary import OPTIONS

CTYPES = {
    "tensor_status_t": "c_int32",
    "tensor_dtype_t": "c_int32",
    "tensor_device_t": "Device",
    "tensor_scalar_t": "Scalar",
    "tensor_optional_int64_t": "OptionalInt64",
    "tensor_optional_double_t": "OptionalDouble",
    "tensor_optional_bool_t": "OptionalBool",
    "int32_t": "c_int32",
    "int64_t": "c_int64",
    "uint32_t": "c_uint32",
    "uint64_t": "c_uint64",
    "size_t": "c_size_t",
    "bool": "c_bool",
    "const char*": "c_char_p",
    "char*": "c_char_p",
    "tensor_callable_t": "c_void_p",
    "tensor_location_function_t": "c_void_p",
}
"""Every other pointer is a c_void_p: ctypes takes byref(), arrays, integers and None for it."""

CONSTANT_GROUPS = {
    "tensor_status_t": ("STATUS", "TENSOR_"),
    "tensor_dtype_t": ("DTYPES", "TENSOR_"),
    "tensor_device_type_t": ("DEVICES", "TENSOR_"),
    "tensor_ownership_kind_t": ("OWNERSHIP_KINDS", "TENSOR_OWNERSHIP_"),
}


def literal(text: str) -> object:
    """Python's value; what depends on other arguments is None."""
    try:
        value = ast.literal_eval(text)
    except ValueError:
        return None
    return tuple(value) if isinstance(value, list) else value


def arg_text(op: Op, arg: Arg) -> str:
    parts = [repr(arg.type.word), repr(arg.name)]
    if arg.type is OPTIONS:
        parts.append("None")
    elif arg.default is not None:
        parts.append(repr(literal(arg.default)))
    if arg in op.options:
        parts.append(repr(arg.field.python))
    return f"Arg({', '.join(parts)})".replace("'", '"')


def tuple_text(parts: list[str]) -> str:
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def wrapped_tuple(parts: list[str], indent: str) -> list[str]:
    """A tuple and a comma on one line, or an element a line where that is too long."""
    line = f"{indent}{tuple_text(parts)},"
    if len(line) <= 100:
        return [line]
    return [f"{indent}(", *[f"{indent}    {part}," for part in parts], f"{indent}),"]


def string_lines(text: str, indent: str) -> list[str]:
    quoted = [repr_double(part) for part in textwrap.wrap(text, 88, drop_whitespace=False)]
    if len(quoted) == 1:
        return [f"{indent}{quoted[0]},"]
    return [f"{indent}{line}" for line in quoted[:-1]] + [f"{indent}{quoted[-1]},"]


def repr_double(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def names_text(names: tuple[str, ...]) -> str:
    return tuple_text([repr_double(name) for name in names])


def operation(op: Op) -> list[str]:
    flags = {
        "dtype_keyword": op.dtype_keyword,
        "numbers_as_tensors": op.numbers_as_tensors,
        "returns_list": op.returns_list,
    }
    keywords = tuple(a.name for a in op.args if a.keyword_only and a.type is not OPTIONS)
    results = ("bool",) if op.returns_bool else tuple(r.name for r in op.returns)
    return [
        "    Op(",
        f"        {repr_double(op.name)},",
        f"        {names_text(op.torch)},",
        *wrapped_tuple([arg_text(op, arg) for arg in op.args], "        "),
        f"        {names_text(results)},",
        f"        {names_text(op.variants)},",
        f"        {names_text(op.scope)},",
        *string_lines(op.doc, "        "),
        *[f"        {name}=True," for name, value in flags.items() if value],
        *([f"        keyword_only={names_text(keywords)},"] if keywords else []),
        "    ),",
    ]


def operations(family: Family) -> str:
    lines = [f"# {SOURCE}", f'"""{family.title}, as data."""', ""]
    lines += ["from .._schema import Arg, Op", "", "OPERATIONS = ("]
    for op in family.public:
        lines += operation(op)
    return "\n".join([*lines, ")", ""])


def all_operations(families: list[Family]) -> str:
    """_ops/__init__.py: every public operation."""
    lines = [f"# {SOURCE}", '"""Every operation: what the C library offers, as data."""', ""]
    lines += ["from . import (", *[f"    {family.name}," for family in families], ")", ""]
    lines += ["OPERATIONS = ("]
    lines += [f"    *{family.name}.OPERATIONS," for family in families]
    return "\n".join([*lines, ")", ""])


def ctype(text: str) -> str:
    if text in CTYPES:
        return CTYPES[text]
    if text.endswith("*") or "(*)" in text:
        return "c_void_p"
    raise ValueError(f"no ctypes form of the type '{text}'")


def prototype(function: c_headers.Function) -> list[str]:
    types = [ctype(parameter.type) for parameter in function.parameters]
    name = repr_double(function.name.removeprefix("tensor_"))
    result = ctype(function.result)
    line = f"    {name}: ({result}, {tuple_text(types)}),"
    if len(line) <= 100:
        return [line]
    return [f"    {name}: (", f"        {result},", *wrapped_tuple(types, "        "), "    ),"]


def constants(group: str) -> list[str]:
    name, prefix = CONSTANT_GROUPS[group]
    lines = [f"{name} = {{"]
    for item in c_headers.constants():
        if item.group == group:
            short = item.name.removeprefix(prefix).removeprefix("ERROR_").lower()
            lines.append(f"    {repr_double(short)}: {item.value},")
    return [*lines, "}"]


def native(_: list[Family]) -> str:
    """_native.py: the hand-written C functions and the enumerators."""
    functions = c_headers.functions()
    used = {word for f in functions for word in [f.result, *[p.type for p in f.parameters]]}
    names = sorted({ctype(text) for text in used})
    simple = [name for name in names if name.startswith("c_")]
    own = [name for name in names if not name.startswith("c_")]
    lines = ["# Generated by tools/generate from include/tensor/*.h; do not edit."]
    lines += ['"""The C functions that are no operations, and the numbers of the C enums."""', ""]
    lines += [f"from ctypes import {', '.join(simple)}", ""]
    lines += [f"from ._structs import {', '.join(own)}", ""] if own else []
    for group in CONSTANT_GROUPS:
        lines += [*constants(group), ""]
    lines += ["# name without tensor_: (result, parameters)", "FUNCTIONS = {"]
    for function in functions:
        lines += prototype(function)
    return "\n".join([*lines, "}", ""])
