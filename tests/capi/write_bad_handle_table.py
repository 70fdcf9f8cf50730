"""Writes the table that bad_handle_test.cpp runs, from the public headers.

It has every function that takes a handle or gives one.

write_bad_handle_table.py HEADER... OUTPUT
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from c_prototypes import enums, options_structs, parameters, prototypes, write_table  # noqa: E402

# NULL is a value there.
NULLABLE = {
    ("tensor_release", "t"),
    ("tensor_node_release", "node"),
    ("tensor_cancel_release", "cancel"),
    ("tensor_hook_release", "hook"),
    ("tensor_function_release", "function"),
    ("tensor_set_grad", "gradient"),
    ("tensor_vjp_release", "vjp"),
    ("tensor_stream_release", "stream"),
    ("tensor_event_release", "event"),
}
# A result that need not be asked for.
OPTIONAL_RESULTS = {"outputs", "output"}
# The types of handles, and the member of Good that is one.
HANDLES = {
    "tensor_t*": "tensor",
    "tensor_node_t*": "node",
    "tensor_hook_t*": "hook",
    "tensor_function_t*": "function",
    "tensor_cancel_t*": "cancel",
    "tensor_vjp_t*": "vjp",
    "tensor_stream_t*": "stream",
    "tensor_event_t*": "event",
}
# Lists of handles: how one is written, and the handle that is in it.
LISTS = {
    "tensor_t* const*": ("Handles{{{}}}.data()", "tensor_t*"),
    "const tensor_edge_t*": ("Edges{{{{{}, 0}}}}.data()", "tensor_node_t*"),
}
# Lists with rules of their own, which other tests show.
SKIPPED = {"tensor_scope_pop"}

# What a parameter of a type is given where it is not the one in question.
VALUES = {
    "int64_t": "0",
    "int32_t": "0",
    "size_t": "1",
    "bool": "false",
    "double": "0.0",
    "tensor_scalar_t": "tensor_scalar_int64(1)",
    "const int64_t*": "kSizes",
    "const uint64_t*": "kNumbers",
    "tensor_callable_t": "return_input",
    "void*": "nullptr",
    "const void*": "kSizes",
    "tensor_dtype_t": "TENSOR_FLOAT32",
    "tensor_device_t": "tensor_device_t{TENSOR_CPU, 0}",
}
VALUES |= {kind: names[0] for kind, names in enums().items()}


def is_handle(kind):
    return kind.removeprefix("const ") in HANDLES


def argument(kind, index, chosen, chosen_text):
    if index == chosen:
        return chosen_text
    if is_handle(kind):
        return f"good.{HANDLES[kind.removeprefix('const ')]}"
    if kind in LISTS:
        form, handle = LISTS[kind]
        return form.format(f"good.{HANDLES[handle]}")
    if kind in VALUES:
        return VALUES[kind]
    if kind.endswith("_options_t*"):
        return "nullptr"
    target = kind.removesuffix("*").strip()
    if kind.endswith("*") and target in ("char", "void"):
        return f"results.as<char>({index})"
    if kind.endswith("*") and not kind.startswith("const"):
        return f"results.as<{target}>({index})"
    raise SystemExit(f"no value for a parameter of type {kind}")


def nullable_list(function, name):
    """Whether a list of tensors may be NULL or hold NULL."""
    names = ("grad_outputs", "grad_tensors", "grads")
    return name in names or function.startswith("tensor_function_")


def with_field(kind, field, text):
    """Options with one field that is not zeros."""
    target = kind.removeprefix("const ").removesuffix("*")
    return f"With<{target}>([&](auto& all) {{ all.{field} = {text}; }}).get()"


def calls(function, params, structs):
    """(name, kind, C++ call) of a case for each handle and each result of a function."""
    for chosen, (kind, name) in enumerate(params):
        for inner, field in structs.get(kind, ()):
            if is_handle(inner):
                value = f"static_cast<{inner}>(bad)"
                text = with_field(kind, field, value)
                arguments = [argument(k, i, chosen, text) for i, (k, _) in enumerate(params)]
                call = f"{function}({', '.join(arguments)})"
                yield f"{function}, {name}.{field}", "kNullable", call
        if is_handle(kind):
            text = f"static_cast<{kind.removeprefix('const ')}>(bad)"
            nullable = (function, name) in NULLABLE
            group = "kNullable" if nullable else "kHandle"
        elif kind in LISTS:
            form, handle = LISTS[kind]
            text = form.format(f"static_cast<{handle}>(bad)")
            group = "kNullable" if nullable_list(function, name) else "kHandle"
        elif kind.removesuffix("*") in HANDLES and name not in OPTIONAL_RESULTS:
            text, group = "nullptr", "kResult"
        else:
            continue
        arguments = ", ".join(argument(k, i, chosen, text) for i, (k, _) in enumerate(params))
        yield f"{function}, {name}", group, f"{function}({arguments})"


def table(headers):
    structs = options_structs(headers)
    for function, inner in prototypes(headers):
        params = parameters(inner)
        if function in SKIPPED or any(kind == "callback" for kind, _ in params):
            continue
        for name, group, call in calls(function, params, structs):
            yield (
                f'    {{"{name}", Kind::{group},\n'
                f"     []([[maybe_unused]] const Good& good, [[maybe_unused]] void* bad,\n"
                f"        [[maybe_unused]] Results& results) {{ return {call}; }}}},\n"
            )


if __name__ == "__main__":
    *headers, output = sys.argv[1:]
    write_table(output, "capi/bad_handle.h", "Case", "all_cases", table(headers))
