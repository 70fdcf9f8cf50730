"""Writes the reference pages: one for each section of the table, and their index."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from emit_c import prototype
from emit_hpp import public
from groups import groups, page_name
from model import Op
from text import SOURCE, wrap_call

FOLDER = "docs/reference"
RULES = {
    "promote": "the dtype that the inputs promote to",
    "promote_inputs": "the dtype that the input tensors promote to",
    "promote_float": "the dtype that the inputs promote to, or float32 for integers and bool",
    "compare": "bool",
    "where": "the dtype that the two choices promote to",
}
PLACES = {
    "function": "libtensor.{}",
    "method": "Tensor.{}",
    "functional": "libtensor.nn.functional.{}",
}
INTRODUCTION = """# Operations

Every operation under its C name. The first name of a group of forms is PyTorch's; other forms have
a telling suffix. `name_` works in place, `name_out` writes into a given tensor, which is resized
where its shape differs. Every function returns a status; results come last, and belong to the
caller. C++, Python, Rust and Go have the same operations: overloaded under PyTorch's name in C++
and Python, under the C name in Rust (`add_scalar`) and Go (`AddScalar`).
"""


def pages() -> dict[str, Callable[[list[Op]], str]]:
    """File -> who writes it."""
    files = {f"{FOLDER}/README.md": index}
    for title, names in groups().items():
        files[f"{FOLDER}/{page_name(title)}"] = partial(page, title, frozenset(names))
    return files


def mark() -> str:
    return f"<!-- {SOURCE} -->\n"


def index(ops: list[Op]) -> str:
    shown = {op.name for op in public(ops)}
    lines = [mark() + INTRODUCTION]
    for title, names in groups().items():
        links = [f"[{n}]({page_name(title)}#{n})" for n in names if n in shown]
        lines.append(f"**[{title.capitalize()}]({page_name(title)})**: {', '.join(links)}\n")
    return "\n".join(lines)


def page(title: str, names: frozenset[str], ops: list[Op]) -> str:
    lines = [mark() + f"# {title.capitalize()}", ""]
    for op in public(ops):
        if op.name in names:
            lines += section(op)
    return "\n".join(lines)


def section(op: Op) -> list[str]:
    prototypes = [wrap_call(prototype(op, variant) + ";") for variant in op.variants]
    lines = [f"## {op.name}", "", op.doc, "", "```c", *prototypes, "```", ""]
    lines.append(f"- Python: {python_names(op)}")
    if op.rule:
        lines.append(f"- Result: {RULES.get(op.rule, op.rule)}.")
    return [*lines, f"- Gradient: {gradient(op)}.", ""]


def python_names(op: Op) -> str:
    if not op.scope:
        return f"`{op.torch[0]}`, with PyTorch's optional arguments"
    places = [PLACES[scope].format(name) for scope in op.scope for name in op.torch]
    if "function" not in op.variants:
        places = []
    if "inplace" in op.variants:
        places += [f"Tensor.{name}_" for name in op.torch]
    return ", ".join(f"`{place}`" for place in places)


def gradient(op: Op) -> str:
    if op.kernel == "composite":
        return "none" if op.returns_bool else "that of the operations it is made of"
    if not op.gradient:
        return "none"
    return f"of {', '.join(f'`{arg}`' for arg in op.gradient)} (node `{op.node}`)"
