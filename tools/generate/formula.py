"""Finds what a gradient formula uses, so that a node saves just that."""

from __future__ import annotations

import re
from dataclasses import dataclass

from model import Op, TableError, joint

# attribute in a formula -> type of what the node stores for it
ATTRIBUTES = {
    "shape": "Dims",
    "strides": "Dims",
    "dtype": "DType",
    "device": "Device",
    "offset": "int64_t",
    "shapes": "std::vector<Dims>",
    "dtypes": "std::vector<DType>",
}


@dataclass(frozen=True)
class Saved:
    """One thing that a node keeps."""

    kind: str  # "input", "output", "attribute" or "value"
    source: str  # the argument's or result's name
    attribute: str = ""

    @property
    def member(self) -> str:
        return f"{self.source}_{self.attribute}_" if self.attribute else f"{self.source}_"


@dataclass(frozen=True)
class Formula:
    """The gradient of an argument, or of several at once: C++ over members and unpacked tensors,
    and what it needs."""

    args: tuple[str, ...]
    expression: str
    saved: tuple[Saved, ...]


def parse(op: Op, key: str) -> Formula:
    saved: dict[Saved, None] = {}
    results = {r.name for r in op.returns}

    def replace(match: re.Match) -> str:
        name, attribute = match[1], match[2]
        if name in results:
            item = Saved("output", name)
        elif name in {a.name for a in op.args}:
            source = op.arg(name)
            if attribute:
                item = Saved("attribute", name, attribute)
            else:
                item = Saved("input" if source.type.is_tensor else "value", name)
        else:
            return match[0]
        saved[item] = None
        if item.kind in ("attribute", "value"):
            return item.member
        return name + (f".{attribute}()" if attribute else "")

    refuse_unknown_attributes(op, key)
    pattern = rf"\b([a-z_]\w*)\b(?!\s*\()(?:\.({'|'.join(ATTRIBUTES)})\(\))?"
    expression = re.sub(pattern, replace, op.gradient[key])
    return Formula(joint(key), expression, tuple(saved))


def refuse_unknown_attributes(op: Op, key: str) -> None:
    """Without this, the node would keep a whole tensor for one number of it."""
    tensors = {a.name for a in op.args if a.type.handles} | {r.name for r in op.returns}
    for name, attribute in re.findall(r"\b(\w+)\.(\w+)\s*\(", op.gradient[key]):
        if name in tensors and attribute not in ATTRIBUTES:
            known = ", ".join(ATTRIBUTES)
            message = f"a node cannot keep {name}.{attribute}(), only {known}"
            raise TableError(f"{op.name}: gradient of '{key}': {message}")


def formulas(op: Op) -> list[Formula]:
    return [parse(op, key) for key in op.gradient]


def all_saved(op: Op) -> dict[Saved, list[str]]:
    """Everything the node keeps -> the arguments whose gradients need it."""
    needs: dict[Saved, list[str]] = {}
    for formula in formulas(op):
        for item in formula.saved:
            needs.setdefault(item, []).extend(formula.args)
    return needs
