"""Writes the table as JSON, for the tools of others."""

from __future__ import annotations

import json

from emit_c import prototype
from model import Arg, Family, Op

FORMAT = 1
"""Grows when a field changes its meaning or goes; new fields may come at any time."""


def table(families: list[Family]) -> str:
    rows = [json.dumps(row(op, family)) for family in families for op in family.public]
    # A line for each operation: changes read well.
    return f'{{"format": {FORMAT}, "ops": [\n' + ",\n".join(rows) + "\n]}\n"


def row(op: Op, family: Family) -> dict:
    return {
        "name": op.name,
        "torch": list(op.torch),
        "group": family.title,
        "args": [argument(arg) for arg in op.args],
        "returns": [{"type": result.type.word, "name": result.name} for result in op.returns],
        "options": op.options_arg.type.word if op.options else None,
        "c": {variant: f"{prototype(op, variant)};" for variant in op.variants},
        "python": list(op.scope),
        "kernel": op.kernel,
        "dtype_rule": op.rule,
        "differentiable": list(op.differentiable),
        "node": op.node,
        "doc": op.doc,
    }


def argument(arg: Arg) -> dict:
    described = {"type": arg.type.word, "name": arg.name}
    if arg.default is not None:
        described["default"] = arg.default
    return described
