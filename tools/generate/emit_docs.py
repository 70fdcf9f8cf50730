"""Writes the reference pages: one for each section of the table, and their index."""

from __future__ import annotations

from emit_c import options_struct, prototype
from model import Family, Op
from text import SOURCE, wrap_call

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
caller. What PyTorch gives a default is a field of the operation's options, which may be NULL; see
`tensor/types.h`. C++, Python, Rust and Go have the same operations: overloaded under PyTorch's name
in C++ and Python, under the C name in Rust (`add_scalar`) and Go (`AddScalar`). Options are
keywords in Python, in the others a struct with the defaults (`AddmmOptions`).
"""


def mark() -> str:
    return f"<!-- {SOURCE} -->\n"


def index(families: list[Family]) -> str:
    lines = [mark() + INTRODUCTION]
    for family in families:
        page_name = f"{family.name}.md"
        links = [f"[{op.name}]({page_name}#{op.name})" for op in family.public]
        lines.append(f"**[{family.title}]({page_name})**: {', '.join(links)}\n")
    return "\n".join(lines)


def page(family: Family) -> str:
    lines = [mark() + f"# {family.title}", ""]
    for op in family.public:
        lines += section(op)
    return "\n".join(lines)


def section(op: Op) -> list[str]:
    prototypes = [wrap_call(prototype(op, variant) + ";") for variant in op.variants]
    struct = options_struct(op) if op.options else []
    lines = [f"## {op.name}", "", op.doc, "", "```c", *struct, *prototypes, "```", ""]
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
    return f"of {', '.join(f'`{arg}`' for arg in op.differentiable)} (node `{op.node}`)"
