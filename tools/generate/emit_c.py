"""Writes the C header of the operations and the extern "C" functions behind it."""

from __future__ import annotations

import re

from cpp_types import out_name
from model import Arg, Family, Op
from text import comment_block, header, wrap_call
from vocabulary import OPTIONAL_DTYPE, OPTIONS, TENSOR_OPTIONS


def length_name(op: Op, arg: Arg) -> str:
    """`ndim` beside a shape, `count` beside the only other list, else each list's own name."""
    if arg.name in ("shape", "size"):
        return "ndim"
    lists = [other for other in op.args if other.type.is_list]
    return "count" if len(lists) == 1 else f"{arg.name}_count"


def in_c(pattern: str, op: Op, arg: Arg) -> str:
    return pattern.format(arg.name, length_name(op, arg))


def c_parameters(op: Op, variant: str) -> str:
    parts = []
    for arg in op.given(variant):
        text = in_c(arg.type.c.parameters, op, arg)
        if variant == "inplace" and arg is op.receiver:
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


INTRODUCTION = """\
/* Every operation. Shapes, strides and dims count elements; see tensor.h for the rules
 * that all functions share: ownership, errors, threads. name_ works in place, name_out writes
 * into a given tensor, which is resized where its shape differs.
 * What has a default is a field of the operation's options, see types.h; NULL: all defaults.
 * A list of results goes to out[0 .. *out_count), each of them the caller's to release; out has
 * room for `capacity`. With capacity 0, out may be NULL: then only *out_count is written. A
 * capacity that is not 0 but too small is an error, and nothing is written. */"""


def c_umbrella(families: list[Family]) -> str:
    """ops.h: every family's header."""
    lines = [header("/*").rstrip() + " */", INTRODUCTION]
    lines += ["#ifndef TENSOR_OPS_H", "#define TENSOR_OPS_H", ""]
    lines += [f'#include "tensor/ops/{family.name}.h"' for family in families]
    return "\n".join([*lines, "", "#endif /* TENSOR_OPS_H */", ""])


def options_struct(op: Op) -> list[str]:
    """The struct of an operation's options, each field beside its default."""
    name = op.options_arg.type.word
    fields = [("size_t struct_size;", f"sizeof({name})")]
    for arg in op.options:
        (kind, field_name), *length = arg.field.c
        shown = "NULL" if arg.type is OPTIONS else shown_default(arg.default)
        if arg.type is OPTIONAL_DTYPE:
            shown = "TENSOR_DTYPE_DEFAULT"
        fields.append((f"{kind} {field_name.format(arg.name)};", shown))
        fields += [(f"{kind} {n.format(arg.name)};", "its length") for kind, n in length]
    width = max(len(declared) for declared, _ in fields)
    used_by = " and ".join(f"tensor_{op.variant_name(variant)}" for variant in op.variants)
    return [
        c_comment(f"The options of {used_by}, and their defaults."),
        "typedef struct {",
        *[f"  {declared:{width}} /* {note} */" for declared, note in fields],
        f"}} {name};",
        "",
    ]


def shown_default(text: str) -> str:
    text = re.sub(r"(\w+)\.(\w+)\(\)", r"\1's \2", text)
    for python, c in (("None", "NULL"), ("False", "false"), ("True", "true")):
        text = text.replace(python, c)
    return text.strip("'")


def c_comment(text: str) -> str:
    """The end of the comment stays on the line of its last word."""
    block = comment_block(f"{text}\0*/", " * ").replace("\0", " ")
    return block.replace(" * ", "/* ", 1)


def c_header(family: Family) -> str:
    guard = f"TENSOR_OPS_{family.name.upper()}_H"
    lines = [header("/*").rstrip() + " */"]
    lines += [f"/* {family.title}. The rules that all operations share are in tensor/ops.h. */"]
    lines += [f"#ifndef {guard}", f"#define {guard}", "", '#include "tensor/enums.h"']
    lines += ['#include "tensor/types.h"', ""]
    lines += ["#ifdef __cplusplus", 'extern "C" {', "#endif", ""]
    for op in family.public:
        if op.options:
            lines += options_struct(op)
        lines.append(c_comment(op.doc))
        lines += [wrap_call(f"TENSOR_API {prototype(op, v)};") for v in op.variants]
        lines.append("")
    lines += ["#ifdef __cplusplus", "}", "#endif", "", f"#endif /* {guard} */", ""]
    return "\n".join(lines)


def core_argument(op: Op, arg: Arg) -> str:
    """The library's value of an argument."""
    if arg not in op.options:
        return in_c(arg.type.c.argument, op, arg)
    return arg.field.read.format(arg.name, default_value(op, arg))


def default_value(op: Op, arg: Arg) -> str:
    """A default as C++: where it is one of other arguments, over their values."""
    others = {other.name: other for other in op.args if other not in op.options}

    def value(match: re.Match) -> str:
        if match[0] in ("True", "False"):
            return match[0].lower()
        return core_argument(op, others[match[0]]) if match[0] in others else match[0]

    return re.sub(r"(?<![\w.])\w+", value, arg.default or "")


def read_options(op: Op, variant: str) -> list[str]:
    if not op.options:
        return []
    lines = ["    const auto given = given_options(options);"]
    if variant == "out" and any(arg.type is OPTIONS for arg in op.options):
        name = TENSOR_OPTIONS
        lines.append(f'    refuse_options(given.{name}, "options.{name}");')
    return lines


def body(op: Op, variant: str) -> list[str]:
    outs = [out_name(op, r) for r in op.returns]
    args = [core_argument(op, a) for a in op.args_of(variant)]
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


def c_source(family: Family) -> str:
    lines = [f'#include "tensor/ops/{family.name}.h"', "", '#include "arguments.h"']
    lines += ['#include "firewall.h"', f'#include "ops/generated/functions/{family.name}.h"', ""]
    lines += ["using namespace libtensor;", "using namespace libtensor::capi;", ""]
    for op in family.public:
        for variant in op.variants:
            lines += [wrap_call(prototype(op, variant) + " {"), "  return guard([&] {"]
            lines += read_options(op, variant) + body(op, variant) + ["  });", "}", ""]
    return header() + "\n".join(lines)
