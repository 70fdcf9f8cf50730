"""Writes the whole C API for tools that read no C headers: one flat header without preprocessor
lines (cffi, LuaJIT and the like), and a description as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import c_headers
from text import SOURCE

FORMAT = 1
"""Grows when a field of api.json changes its meaning or goes; new fields may come at any time."""

Read = Callable[[str], str]
"""The text of a header, by its path below include/."""


def in_order(read: Read, name: str = "tensor/tensor.h") -> list[str]:
    """The headers, each after those that it includes."""
    found: dict[str, None] = {}

    def visit(header: str) -> None:
        for included in re.findall(r'#include "(.+)"', read(header)):
            if included not in found:
                visit(included)
        found[header] = None

    visit(name)
    return list(found)


def plain(text: str) -> str:
    """A header without comments, preprocessor lines, C++ and bodies of functions."""
    text = c_headers.without_comments(text)
    text = re.sub(r"#ifdef __cplusplus\n.*?#endif\n", "", text, flags=re.DOTALL)
    text = re.sub(r"^#(?:.*\\\n)*.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"TENSOR_INLINE ([^{]*?)\s*\{.*?\n\}", r"\1;", text, flags=re.DOTALL)
    text = text.replace("TENSOR_API ", "")
    return re.sub(r"[ \t]+\n", "\n", re.sub(r"\n\s*\n+", "\n\n", text)).strip()


def without_unions(text: str) -> str:
    """Struct members that are unions as integers: few tools pass a union by value. A scalar is made
    by tensor_scalar_double and its like, and read by tensor_item_double."""
    return re.sub(r"union \{.*?\} (\w+);", r"int64_t \1[2];", text, flags=re.DOTALL)


def flat_header(read: Read) -> str:
    parts = [plain(read(name)) for name in in_order(read)]
    text = without_unions("\n\n".join(part for part in parts if part))
    return f"/* {SOURCE} */\n\n{text}\n"


def struct_fields(body: str) -> list[dict]:
    fields = []
    for line in filter(str.strip, body.split(";")):
        kind, names = re.fullmatch(r"\s*(.+?[\s*])([\w\[\], ]+)\s*", line, re.DOTALL).groups()
        for name in names.split(","):
            base, array = re.fullmatch(r"\s*(\w+)(\[\d+\])?\s*", name).groups()
            fields.append({"type": c_headers.plain_type(kind) + (array or ""), "name": base})
    return fields


def structs(text: str) -> list[dict]:
    found = []
    for body, name in re.findall(r"typedef struct \{(.*?)\n\} (\w+);", text, re.DOTALL):
        union = re.search(r"union \{(.*?)\} (\w+);", body, re.DOTALL)
        fields = struct_fields(body.replace(union[0], "") if union else body)
        if union:
            fields.append({"union": struct_fields(union[1]), "name": union[2]})
        found.append({"name": name, "fields": fields})
    return found


def function_types(text: str) -> list[dict]:
    pattern = r"typedef (\w+) \(\*(\w+)\)\((.*?)\);"
    return [
        {"name": name, "result": result, "parameters": parameters(inner)}
        for result, name, inner in re.findall(pattern, text, re.DOTALL)
    ]


def parameters(inner: str) -> list[dict]:
    parts = [c_headers.parse_parameter(part) for part in c_headers.split_parameters(inner)]
    return [{"type": part.type, "name": part.name} for part in parts]


def constants(text: str) -> list[dict]:
    groups: dict[str, dict[str, int]] = {}
    for constant in c_headers.parse_constants(text):
        groups.setdefault(constant.group, {})[constant.name] = constant.value
    return [{"name": name, "constants": values} for name, values in groups.items()]


def described(header: str, text: str) -> list[dict]:
    """A header's functions, those that it defines among them."""
    text = re.sub(r"TENSOR_INLINE ([^{]*?)\s*\{.*?\n\}", r"TENSOR_API \1;", text, flags=re.DOTALL)
    return [
        {
            "name": function.name,
            "result": function.result,
            "parameters": [{"type": p.type, "name": p.name} for p in function.parameters],
            "header": header,
            "doc": function.doc,
        }
        for function in c_headers.parse_functions(text)
    ]


def description(read: Read) -> str:
    """api.json: types and functions, a line for each."""
    flat = "\n\n".join(plain(read(name)) for name in in_order(read))
    functions = [row for name in in_order(read) for row in described(name, read(name))]
    sections = {
        "handles": re.findall(r"typedef struct \w+ (\w+);", flat),
        "enums": constants(flat),
        "structs": structs(flat),
        "function_types": function_types(flat),
        "functions": functions,
    }
    lines = [f'{{"format": {FORMAT}, "generated": {json.dumps(SOURCE)},']
    for title, rows in sections.items():
        lines.append(f'"{title}": [')
        lines += [json.dumps(row) + "," for row in rows[:-1]] + [json.dumps(rows[-1])]
        lines.append("]}" if title == "functions" else "],")
    return "\n".join([*lines, ""])
