"""Writes the C header of the operations and the extern "C" functions behind it."""

from __future__ import annotations

from cpp_types import out_name
from model import Arg, Op
from text import comment_block, header, wrap_call

C_PARAMETER = {
    "Tensor": "const tensor_t* {0}",
    "Tensor?": "const tensor_t* {0}",
    "Tensor[]": "tensor_t* const* {0}, size_t count",
    "Scalar": "tensor_scalar_t {0}",
    "int": "int64_t {0}",
    "float": "double {0}",
    "bool": "bool {0}",
    "shape": "const int64_t* {0}, size_t {1}",
    "dims": "const int64_t* {0}, size_t {1}",
    "dtype": "tensor_dtype_t {0}",
    "device": "tensor_device_t {0}",
    "reduction": "tensor_reduction_t {0}",
    "options": "const tensor_options_t* {0}",
}
ARGUMENT = {
    "Tensor": 'tensor_of({0}, "{0}")',
    "Tensor?": 'optional_tensor_of({0}, "{0}")',
    "Tensor[]": 'TensorList({0}, count, "{0}")',
    "Scalar": 'scalar_of({0}, "{0}")',
    "int": "{0}",
    "float": "{0}",
    "bool": "{0}",
    "shape": 'span_of({0}, {1}, "{0}")',
    "dims": 'list_of({0}, {1}, "{0}")',
    "dtype": 'named_dtype_of({0}, "{0}")',
    "device": 'device_of({0}, "{0}")',
    "reduction": 'reduction_of({0}, "{0}")',
    "options": "options_of({0})",
}


def length_name(arg: Arg) -> str:
    """`ndim` beside a shape, `count` beside a list of dims, unless two lists need telling names."""
    if arg.name == "shape":
        return "ndim"
    return {"size": "ndim", "stride": "stride_count"}.get(arg.name, "count")


def c_parameters(op: Op, variant: str) -> str:
    parts = []
    for arg in op.args_of(variant):
        text = C_PARAMETER[arg.type].format(arg.name, length_name(arg))
        if variant == "inplace" and arg.name == "self":
            text = "tensor_t* self"
        parts.append(text)
    if variant == "function" and op.returns_list:
        parts += ["tensor_t** out", "size_t capacity", "size_t* out_count"]
    elif variant == "function":
        kind = "bool*" if op.returns_bool else "tensor_t**"
        parts += [f"{kind} {out_name(op, r)}" for r in op.returns]
    elif variant == "out":
        parts += [f"tensor_t* {out_name(op, r)}" for r in op.returns]
    return ", ".join(parts)


def prototype(op: Op, variant: str) -> str:
    return f"tensor_status_t tensor_{op.variant_name(variant)}({c_parameters(op, variant)})"


def public(ops: list[Op]) -> list[Op]:
    return [op for op in ops if not op.internal]


INTRODUCTION = """\
/* Every operation. Shapes, strides and dims count elements; see tensor.h for the rules
 * that all functions share: ownership, errors, threads. name_ works in place, name_out writes
 * into a given tensor, which is resized where its shape differs.
 * A list of results goes to out[0 .. *out_count), each of them the caller's to release; out has
 * room for `capacity`. With capacity 0, out may be NULL: then only *out_count is written. A
 * capacity that is not 0 but too small is an error, and nothing is written. */"""


def c_header(ops: list[Op]) -> str:
    lines = [header("/*").rstrip() + " */", INTRODUCTION]
    lines += ["#ifndef TENSOR_OPS_H", "#define TENSOR_OPS_H", "", '#include "tensor/types.h"', ""]
    lines += ["#ifdef __cplusplus", 'extern "C" {', "#endif", ""]
    for op in public(ops):
        # The end of the comment stays on the line of its last word.
        block = comment_block(f"{op.doc}\0*/", " * ").replace("\0", " ")
        lines.append(block.replace(" * ", "/* ", 1))
        lines += [wrap_call(f"TENSOR_API {prototype(op, v)};") for v in op.variants]
        lines.append("")
    lines += ["#ifdef __cplusplus", "}", "#endif", "", "#endif /* TENSOR_OPS_H */", ""]
    return "\n".join(lines)


def argument(arg: Arg) -> str:
    return ARGUMENT[arg.type].format(arg.name, length_name(arg))


def body(op: Op, variant: str) -> list[str]:
    outs = [out_name(op, r) for r in op.returns]
    args = [argument(a) for a in op.args_of(variant)]
    name = f"ops::{op.variant_name(variant)}"
    if variant == "inplace":
        return [f"    {name}({', '.join(args)});"]
    if variant == "out":
        destinations = [f'tensor_of({o}, "{o}")' for o in outs]
        return [f"    {name}({', '.join(args + destinations)});"]
    if op.returns_list:
        count = f"{name}_count({', '.join(args)})"
        return [
            "    check_list(out, capacity, out_count);",
            f"    if (has_room({count}, capacity, out_count))",
            f"      new_list({name}({', '.join(args)}), out, out_count);",
        ]
    lines = [f'    check_result({o}, "{o}");' for o in outs]
    call = f"{name}({', '.join(args)})"
    if op.returns_bool:
        return lines + [f"    *out = {call};"]
    if len(outs) == 1:
        return lines + [f"    *out = new_handle({call});"]
    names = ", ".join(f"{o}_tensor" for o in outs)
    handles = ", ".join(f"{o}_tensor" for o in outs)
    lines.append(f"    auto [{names}] = {call};")
    return lines + [f"    new_handles({{{handles}}}, {{{', '.join(outs)}}});"]


def c_source(ops: list[Op]) -> str:
    lines = ['#include "tensor/ops.h"', "", '#include "arguments.h"', '#include "firewall.h"']
    lines += ['#include "ops/generated/functions.h"', ""]
    lines += ["using namespace libtensor;", "using namespace libtensor::capi;", ""]
    for op in public(ops):
        for variant in op.variants:
            lines += [wrap_call(prototype(op, variant) + " {"), "  return guard([&] {"]
            lines += body(op, variant) + ["  });", "}", ""]
    return header() + "\n".join(lines)
