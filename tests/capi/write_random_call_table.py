"""Writes the table that random_call_test.cpp runs: functions of some headers with drawn arguments.

write_random_call_table.py OPS.json HEADER... OUTPUT
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from c_prototypes import enums, options_structs, parameters, prototypes, write_table  # noqa: E402

# How an argument of a type is drawn. What a function may change is made for the call.
DRAWS = {
    "const tensor_t*": "draw.tensor()",
    "tensor_t*": "draw.changed()",
    "tensor_scalar_t": "draw.scalar()",
    "int64_t": "draw.integer()",
    "int32_t": "static_cast<int32_t>(draw.integer())",
    "double": "draw.real()",
    "bool": "draw.coin()",
    "tensor_dtype_t": "draw.dtype()",
    "tensor_device_t": "draw.device()",
    "const tensor_options_t*": "draw.options()",
    "const tensor_backward_options_t*": "nullptr",
    "tensor_t**": "draw.result()",
    "tensor_t* const*": "draw.tensors()",
    "const int64_t*": "draw.sizes()",
    "void*": "draw.room()",
    "char*": "static_cast<char*>(draw.room())",
    "int64_t*": "static_cast<int64_t*>(draw.room())",
    "tensor_optional_int64_t": "tensor_some_int64(draw.integer())",
    "tensor_optional_double_t": "tensor_some_double(draw.real())",
    "tensor_optional_bool_t": "tensor_some_bool(draw.coin())",
}
DRAWS |= {kind: f"draw.word({len(names)})" for kind, names in enums().items()}
# Results that are no handles.
NUMBERS = {
    "bool*",
    "size_t*",
    "uint32_t*",
    "tensor_dtype_t*",
    "tensor_device_t*",
    "tensor_scalar_t*",
    "void**",
}
# They change what their arguments cannot show: the thread's modes, or gradients of other tensors.
SKIPPED = {
    "tensor_release",
    "tensor_grad_enabled_set",
    "tensor_inference_mode_set",
    "tensor_from_data",
    "tensor_copy_to",
    "tensor_autograd_grad",
}


def options(kind, name, fields):
    """C++ of the options of an operation, of which each field may keep its default."""
    target = kind.removeprefix("const ").removesuffix("*")
    text = f"Longer<{target}> all_{name}; auto& all = all_{name}.options; "
    text += f"all.struct_size = draw.struct_size(all_{name}); "
    for field_kind, field in fields:
        if field_kind == "size_t":  # the length of the list before
            text += f"if (all.{field.removesuffix('_count')}) all.{field} = draw.length(); "
        else:
            text += f"if (draw.coin()) all.{field} = {DRAWS[field_kind]}; "
    return f"{text}{kind} {name}_ = draw.coin() ? &all : nullptr;"


def statements(params, structs):
    """[(C++ of a local variable, its name)], in order: C++ orders no arguments of a call."""
    for i, (kind, name) in enumerate(params):
        previous = params[i - 1][0] if i else ""
        if kind in structs:
            yield options(kind, name, structs[kind]), f"{name}_"
            continue
        if kind == "size_t" and previous in ("tensor_t* const*", "const int64_t*"):
            text = "draw.length()"
        elif kind == "size_t" and previous == "tensor_t**":
            text = "draw.room_for_results()"
        elif kind == "size_t" and previous in ("char*", "int64_t*"):
            text = "draw.capacity()"
        elif kind in NUMBERS:
            text = f"static_cast<{kind}>(draw.room())"
        elif kind == "tensor_t**" and i + 1 < len(params) and params[i + 1][1] == "capacity":
            text = "draw.results()"
        else:
            text = DRAWS.get(kind)
        if text is None:
            return
        yield f"auto {name}_ = {text};", f"{name}_"


def row(function, params, views, structs):
    drawn = list(statements(params, structs))
    if len(drawn) != len(params):
        return None
    body = " ".join(line for line, _ in drawn)
    arguments = ", ".join(name for _, name in drawn)
    return (
        f'    {{"{function}", {"true" if function in views else "false"},\n'
        f"     [](Draw& draw) {{ {body}\n"
        f"       return draw.checked([&] {{ return {function}({arguments}); }}); }}}},\n"
    )


def view_functions(path):
    """The functions that read and write no element of their arguments, however many there are."""
    with open(path, encoding="utf-8") as file:
        ops = json.load(file)["ops"]
    of_views = {"cat", "stack", "flatten", "narrow"}
    return {
        "tensor_" + op["name"]
        for op in ops
        if op["kernel"] == "view"
        or op["name"] in of_views
        or op["returns"][0]["type"] == "Tensor[]"
    }


def table(ops, headers):
    views, structs = view_functions(ops), options_structs(headers)
    for function, inner in prototypes(headers):
        params = parameters(inner)
        if function not in SKIPPED:
            yield row(function, params, views, structs) or ""


if __name__ == "__main__":
    ops, *headers, output = sys.argv[1:]
    write_table(output, "capi/random_call.h", "RandomCall", "random_calls", table(ops, headers))
