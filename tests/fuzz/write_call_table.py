"""Writes the table of calls that the fuzzer draws from: every function that the headers declare.

write_call_table.py OPS.json HEADER... OUTPUT

A parameter of a type that nothing here draws is an error, so that no new function is left out.
"""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from c_prototypes import (  # noqa: E402
    STATUS,
    declarations,
    enums,
    options_structs,
    parameters,
    write_table,
)

# Functions that are not called, and why.
LEFT_OUT = {}
# Their arguments depend on each other: tests/fuzz/special.cpp.
SPECIAL = {
    "tensor_from_data": "call_from_data",
    "tensor_from_blob": "call_from_blob",
    "tensor_copy_to": "call_copy_to",
    "tensor_copy_from": "call_copy_from",
    "tensor_scope_push": "call_scope_push",
    "tensor_scope_pop": "call_scope_pop",
    "tensor_saved_tensors_hooks_push": "call_hooks_push",
    "tensor_saved_tensors_hooks_pop": "call_hooks_pop",
    "tensor_ownership": "call_ownership",
}
HANDLES = "node hook function cancel vjp stream event".split()
# How an argument of a type is drawn: NAME stands for its name.
DRAWS = {
    "const tensor_t*": "c.tensor(NAME)",
    "tensor_t*": "c.changed(NAME)",
    "tensor_t* const*": "c.tensors(NAME)",
    "const tensor_edge_t*": "c.edges(NAME)",
    "const int64_t*": "c.sizes(NAME)",
    "int64_t": "c.integer(NAME)",
    "int32_t": "c.small_integer(NAME)",
    "uint64_t": "c.bytes(NAME)",
    "double": "c.real(NAME)",
    "bool": "c.flag(NAME)",
    "tensor_scalar_t": "c.scalar(NAME)",
    "tensor_dtype_t": "c.dtype(NAME)",
    "tensor_device_t": "c.device(NAME)",
    "tensor_status_t": "c.any_status(NAME)",
    "const char*": "c.text(NAME)",
    "tensor_callable_t": "c.callable(NAME)",
    "tensor_location_function_t": "c.callback(NAME)",
    "callback": "c.callback(NAME)",
    "tensor_memory_stats_t*": "c.sized_room<tensor_memory_stats_t>(NAME)",
    "tensor_memory_block_t*": "c.sized_room<tensor_memory_block_t>(NAME)",
    "tensor_graph_memory_t*": "c.sized_room<tensor_graph_memory_t>(NAME)",
    "tensor_device_properties_t*": "c.sized_room<tensor_device_properties_t>(NAME)",
    "void**": "c.room<void*>(NAME)",
    "char*": "c.room<char>(NAME)",
    "tensor_t**": "c.results<tensor_t>(NAME)",
    "tensor_optional_int64_t": "tensor_some_int64(c.integer(NAME))",
    "tensor_optional_double_t": "tensor_some_double(c.real(NAME))",
    "tensor_optional_bool_t": "tensor_some_bool(c.flag(NAME))",
    "const tensor_options_t*": "c.options<tensor_options_t>(NAME)",
}
DRAWS |= {kind: f"c.word({len(names)}, NAME)" for kind, names in enums().items()}
for handle in HANDLES:
    DRAWS[f"tensor_{handle}_t*"] = f"c.handle<tensor_{handle}_t>(NAME)"
    DRAWS[f"const tensor_{handle}_t*"] = f"c.handle<tensor_{handle}_t>(NAME)"
    DRAWS[f"tensor_{handle}_t**"] = f"c.results<tensor_{handle}_t>(NAME)"
for number in "bool size_t int32_t int64_t uint32_t uint64_t double".split():
    DRAWS[f"{number}*"] = f"c.room<{number}>(NAME)"
for struct in "dtype device scalar".split():
    DRAWS[f"tensor_{struct}_t*"] = f"c.room<tensor_{struct}_t>(NAME)"
# Parameters of a name that says more than the type.
BY_NAME = {
    ("callback", "destroy"): "c.destroy(NAME)",
    ("void*", "user"): "c.user(NAME)",
    ("const char*", "message"): "c.message(NAME)",
    ("const char*", "path"): "c.path(NAME)",
    ("size_t", "index"): "c.index(NAME)",
    ("size_t", "max_events"): "c.events(NAME)",
    ("int32_t", "n"): "c.threads(NAME)",
    ("size_t", "capacity"): "c.capacity(NAME)",
    ("size_t", "output_count"): "c.count(NAME)",
    ("uint64_t*", "streams"): "c.list_room<uint64_t>(NAME)",
    # Else a call gives the error of an earlier one, whose results may be anything.
    ("bool", "at_once"): "true",
}
# Lists as long as another one of the call; NULL stands for ones.
AS_LONG_AS_ANOTHER = {"grad_outputs", "grad_tensors", "grads", "v"}
LISTS = {"tensor_t* const*", "const tensor_edge_t*", "const int64_t*"}
# They take a `tensor_t*` and do not change its elements.
READ = re.compile(r"tensor_(retain|release|backward|backward_with|register_\w+|retain_grad)$")
RUNS_BACKWARD = re.compile(
    r"tensor_(backward|autograd|vjp|jvp|vhp|hvp|jacobian|hessian|gradcheck|gradgradcheck|checkpoint)"
)
TAKES_A_FUNCTION = {"tensor_callable_t"}
PROCESS_WIDE = re.compile(
    r"tensor_(memory_(?!tag$|set_tag$|stats$|snapshot$)\w+|manual_seed|set_rng_state"
    r"|set_num_threads|set_detect_anomaly|set_location_callback|set_warning_callback"
    r"|cuda_allow_tf32|cuda_check_at_once|backend_load|collect_cycles|ownership)$"
)
DESTROYED_ON_SUCCESS = re.compile(r"tensor_(from_blob|memory_\w+|set_location_callback)$")


def options(kind, fields):
    """C++ that draws the options of an operation, of which each field may keep its default."""
    target = kind.removeprefix("const ").removesuffix("*")
    lines = []
    for field_kind, field in fields:
        if field_kind == "size_t":  # the length of the list before
            draw = f'if (all.{field.removesuffix("_count")}) all.{field} = c.length("{field}");'
        else:
            text = DRAWS[field_kind].replace("NAME", f'"{field}"')
            draw = f"if (c.choices().coin()) all.{field} = {text};"
        lines.append(draw)
    return f"c.operation_options<{target}>(NAME, [&](auto& all) {{ {' '.join(lines)} }})"


def draws(function, params, structs):
    """(type, name, C++ that draws it) of each parameter."""
    for i, (kind, name) in enumerate(params):
        previous = params[i - 1][0] if i else ""
        quoted = f'"{name}"'
        hand_written = re.fullmatch(r"const (tensor_(?:\w+_)?options_t)\*", kind)
        if kind in structs:
            text = options(kind, structs[kind])
        elif hand_written:
            text = f"c.options<{hand_written.group(1)}>(NAME)"
        elif kind == "tensor_t* const*" and name in AS_LONG_AS_ANOTHER:
            text = "c.optional_tensors(NAME)"
        elif kind == "size_t" and previous in LISTS:
            text = "c.length(NAME)"
        elif kind == "uint64_t" and function.endswith("budget"):
            text = "c.budget(NAME)"
        elif function.endswith("release") and (kind == "tensor_t*" or kind[7:-3] in HANDLES):
            text = f"c.given_up<{kind[:-1]}>(NAME)"
        elif kind == "tensor_t*" and READ.match(function):
            text = "c.tensor(NAME)"
            text = f"const_cast<tensor_t*>({text})"
        else:
            text = BY_NAME.get((kind, name)) or DRAWS.get(kind)
        if text is None:
            raise SystemExit(f"{function}: nothing draws a parameter `{kind} {name}`")
        yield kind, name, text.replace("NAME", quoted)


def body(result, function, params, structs):
    if function in SPECIAL:
        return f"{SPECIAL[function]}(c);"
    drawn = list(draws(function, params, structs))
    # One statement each: C++ orders no arguments of a call.
    lines = [f"auto {name}_ = {text};" for _, name, text in drawn]
    arguments = ", ".join(f"{name}_" for _, name, _ in drawn)
    make = "status" if result == STATUS else "value"
    return " ".join([*lines, f"c.{make}([&] {{ return {function}({arguments}); }});"])


def sizes(path):
    """How large a tensor a function may be given, by name: views visit no element."""
    with open(path, encoding="utf-8") as file:
        ops = json.load(file)["ops"]
    of_views = {"cat", "stack", "flatten", "narrow"}
    return {
        "tensor_" + op["name"]: "kAny"
        if op["kernel"] == "view"
        or op["name"] in of_views
        or op["returns"][0]["type"] == "Tensor[]"
        else "kFew"
        for op in ops
    }


def size(function, params, known):
    if any(kind in TAKES_A_FUNCTION for kind, _ in params):
        return "kTiny"
    for name in (function, function.removesuffix("_"), function.removesuffix("_out")):
        if name in known:
            # The plain form and the one in place make views; _out writes.
            return "kFew" if function.endswith("_out") else known[name]
    visitors = "backward|grad|vjp|graph|item|copy_to|copy_from|to_string|set_rng|function"
    visits = re.search(visitors, function)
    return "kFew" if visits else "kAny"


def flags(function, params):
    runs = bool(RUNS_BACKWARD.match(function))
    rule = "kOnSuccess" if DESTROYED_ON_SUCCESS.match(function) else "kOnce"
    values = [
        PROCESS_WIDE.match(function),
        runs or any(kind in TAKES_A_FUNCTION for kind, _ in params),
        function.startswith("tensor_function_"),
        function == "tensor_set_last_error",
        function in ("tensor_grad", "tensor_set_grad"),
        function == "tensor_set_data",
        function == "tensor_function_finish",
        function == "tensor_stream_set_current",
    ]
    return ", ".join("true" if value else "false" for value in values) + f", Registration::{rule}"


def rows(ops, headers):
    known, structs = sizes(ops), options_structs(headers)
    for result, function, inner in declarations(headers):
        if function in LEFT_OUT:
            continue
        params = parameters(inner)
        yield (
            f'    {{"{function}", {size(function, params, known)}, {flags(function, params)},\n'
            f"     [](Call& c) {{ {body(result, function, params, structs)} }}}},\n"
        )


if __name__ == "__main__":
    ops, *headers, output = sys.argv[1:]
    write_table(output, "fuzz/call.h", "Row", "call_table", rows(ops, headers))
