"""Writes the table that bad_argument_test.cpp runs, from the public headers.

It has every function of the C API, with each of its arguments wrong in each way its type has;
handles that are none are in write_bad_handle_table.py's.

write_bad_argument_table.py HEADER... OUTPUT
"""

import re
import sys

import write_bad_handle_table as handles
from c_prototypes import enums, options_structs, parameters, prototypes, write_table

# Where NULL is a value.
OPTIONAL = {
    ("tensor_memory_set_tag", "tag"),
    ("tensor_set_location", "location"),
    ("tensor_from_blob", "strides"),
    ("tensor_memory_set_pressure_callback", "function"),
    ("tensor_set_location_callback", "function"),
    ("tensor_set_warning_callback", "function"),
    ("tensor_detect_anomaly", "enabled"),
    ("tensor_detect_anomaly", "check_nan"),
    ("tensor_set_last_error", "message"),
    ("tensor_saved_tensors_hooks_push", "discard"),
    ("tensor_saved_tensors_hooks_disable", "message"),
    ("tensor_shape", "ndim"),
    ("tensor_strides", "ndim"),
}
OPTIONAL_NAMES = {"destroy", "user", "previous", "output_nr", "length"}
# Lists whose length is another one's too, which the message names.
SHARED_LENGTHS = {("tensor_from_blob", "strides")}
# Functions whose arguments are another test's, or that a test cannot call in passing.
SKIPPED = {"tensor_set_last_error", "tensor_scope_pop", "tensor_memory_set_provider"}
# Lists that may be NULL whatever the count.
OPTIONAL_LISTS = {"grad_outputs", "grad_tensors", "grads", "v"}

ENUMS = {
    "tensor_dtype_t": ["-1", "99", "INT32_MIN"],
    "tensor_device_t": [
        "(tensor_device_t{77, 0})",
        "(tensor_device_t{-1, 0})",
        "(tensor_device_t{TENSOR_CPU, 1})",
        "(tensor_device_t{TENSOR_CPU, -1})",
    ],
    "tensor_scalar_t": ["(tensor_scalar_t{TENSOR_FLOAT32, {}})", "(tensor_scalar_t{-1, {}})"],
}
WORDS = enums()
ENUMS |= {kind: ["-1", str(len(names)), "INT32_MAX"] for kind, names in WORDS.items()}


def good(function, params, index):
    kind, name = params[index]
    if kind == "callback" or kind == "tensor_location_function_t":
        return "AnyCallback()"
    if name == "index":
        return "0"
    if (function, name) == ("tensor_set_num_threads", "n"):
        return "1"
    if kind.startswith("const tensor_") and kind.endswith("options_t*"):
        return "nullptr"
    if kind == "uint64_t":
        return "0"
    if kind == "const char*":
        return '"name"'
    if kind == "tensor_memory_stats_t*":
        return f"results.sized<tensor_memory_stats_t>({index})"
    if kind == "uint64_t*" or kind == "int64_t*":
        return f"results.as<{kind[:-1]}>({index})"
    return handles.argument(kind, index, -1, "")


def is_list(kind):
    return kind in ("const int64_t*", "const uint64_t*") or kind in handles.LISTS


def wrong_fields(fields):
    """(field, C++ statements that make it wrong in `all`, what it is) of an operation's options."""
    for kind, name in fields:
        if kind in ENUMS:
            for text in ENUMS[kind]:
                yield name, f"all.{name} = {text};", text.replace('"', "")
        elif is_list(kind):
            yield name, f"all.{name}_count = 1;", "NULL"
            yield name, f"all.{name} = kSizes; all.{name}_count = SIZE_MAX;", "too long"
        elif kind == "const tensor_options_t*":
            for size in ("0", "7", "9"):
                wrong = f"static const Sized<tensor_options_t> wrong({size});"
                yield "", f"{wrong} all.{name} = wrong.get();", f"{name}.struct_size {size}"


def wrongs(function, params):
    """(index, [(index, text)] of all arguments that differ, what it is) of each wrong call."""
    for i, (kind, name) in enumerate(params):
        following = params[i + 1] if i + 1 < len(params) else ("", "")
        optional = (function, name) in OPTIONAL or name in OPTIONAL_NAMES
        if is_list(kind):
            if following[0] == "size_t":
                if not optional and name not in OPTIONAL_LISTS:
                    yield i, [(i, "nullptr"), (i + 1, "1")], "NULL"
                if (function, name) not in SHARED_LENGTHS:
                    yield i, [(i + 1, "SIZE_MAX")], "too long"
        elif kind == "char*":
            yield i, [(i, "nullptr"), (i + 1, "1")], "NULL"
        elif kind == "callback":
            if not optional:
                yield i, [(i, "nullptr")], "NULL"
        elif kind == "const char*" or kind == "tensor_callable_t":
            if not optional:
                yield i, [(i, "nullptr")], "NULL"
        elif re.fullmatch(r"const tensor_\w+_options_t\*|const tensor_options_t\*", kind):
            for size in ("0", "7", "9"):
                target = kind.removeprefix("const ").removesuffix("*")
                yield i, [(i, f"Sized<{target}>({size}).get()")], f"struct_size {size}"
        elif kind in ENUMS:
            for text in ENUMS[kind]:
                yield i, [(i, text)], text.replace('"', "")
        elif kind == "size_t" and name == "output_count" and not is_list(params[i - 1][0]):
            yield i, [(i, "SIZE_MAX / 16")], "too many"
        elif kind == "size_t" and name == "index":
            yield i, [(i, "SIZE_MAX")], "out of range"
        elif kind.endswith("*") and not kind.startswith("const") and not kind.endswith("**"):
            if handles.is_handle(kind) or optional or kind == "void*":
                continue
            if following[1] == "capacity":
                yield i, [(i, "nullptr"), (i + 1, "1")], "NULL"
            else:
                yield i, [(i, "nullptr")], "NULL"


def row(function, params, argument, changes, what):
    arguments = [good(function, params, i) for i in range(len(params))]
    for i, wrong in changes:
        arguments[i] = wrong
    return (
        f'    {{"{function}", "{argument}", "{what}",\n'
        f"     []([[maybe_unused]] const Good& good,\n"
        f"        [[maybe_unused]] Results& results) {{\n"
        f"       return {function}({', '.join(arguments)}); }}}},\n"
    )


def table(headers):
    structs = options_structs(headers)
    for function, inner in prototypes(headers):
        if function in SKIPPED:
            continue
        params = parameters(inner)
        for index, changes, what in wrongs(function, params):
            yield row(function, params, params[index][1], changes, what)
        for i, (kind, name) in enumerate(params):
            target = kind.removeprefix("const ").removesuffix("*")
            kinds = {field: its for its, field in structs.get(kind, ())}
            for field, statements, what in wrong_fields(structs.get(kind, ())):
                text = f"With<{target}>([](auto& all) {{ {statements} }}).get()"
                named = kinds.get(field) in WORDS  # as in PyTorch's message
                argument = field if named else f"{name}.{field}".rstrip(".")
                yield row(function, params, argument, [(i, text)], what)


if __name__ == "__main__":
    *headers, output = sys.argv[1:]
    write_table(output, "capi/bad_argument.h", "BadArgument", "bad_arguments", table(headers))
