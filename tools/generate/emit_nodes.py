"""Writes the graph nodes: one class per differentiable operation."""

from __future__ import annotations

import re

from formula import ATTRIBUTES, Formula, Saved, all_saved, formulas
from model import Family, Op
from text import header
from vocabulary import TENSORS


def member_type(op: Op, item: Saved) -> str:
    if item.kind in ("input", "output"):
        return "SavedTensor"
    if item.kind == "attribute":
        return ATTRIBUTES[item.attribute]
    return op.arg(item.source).type.core.member


def is_list(op: Op) -> bool:
    return any(a.type is TENSORS for a in op.args)


def name_expression(op: Op) -> str:
    if op.node_inplace:
        return f'inplace_ ? "{op.node_inplace}" : "{op.node}"'
    return f'"{op.node}"'


def node_class(op: Op) -> list[str]:
    saved = all_saved(op)
    base = "ListNode" if is_list(op) else "FixedNode"
    count = "" if is_list(op) else f", {len(op.differentiable) + op.number_edge}"
    lines = [
        f"class {op.class_name} final : public {base}<{op.class_name}{count}> {{",
        " public:",
        f"  const char* name() const override {{ return {name_expression(op)}; }}",
        "  void apply(std::span<const Tensor> gradients, std::span<Tensor> results) override;",
    ]
    tensors = [item for item in saved if item.kind in ("input", "output")]
    if tensors:
        body = " ".join(f"{item.member}.release();" for item in tensors)
        lines.append(f"  void release_saved() override {{ {body} }}")
        lines.append("  void visit_saved(const SavedVisitor& visit) const override {")
        lines += [f'    visit("{item.source}", {item.member});' for item in tensors]
        lines.append("  }")
    if saved or op.node_inplace:
        lines.append("")
    if op.node_inplace:
        lines.append("  bool inplace_ = false;")
    lines += [f"  {member_type(op, item)} {item.member};" for item in saved]
    return lines + ["};", ""]


def shared_tensors(op: Op) -> dict[Saved, list[Formula]]:
    """The saved tensors that several formulas use, which are unpacked once, and which these are."""
    users: dict[Saved, list[Formula]] = {}
    for formula in formulas(op):
        for item in formula.saved:
            if item.kind in ("input", "output"):
                users.setdefault(item, []).append(formula)
    return {item: found for item, found in users.items() if len(found) > 1}


def edges(op: Op, formula: Formula) -> list[int]:
    return [op.differentiable.index(arg) for arg in formula.args]


def wanted(op: Op, *users: Formula) -> str:
    """The condition under which any of these is to be computed."""
    return " || ".join(f"should_compute({i})" for user in users for i in edges(op, user))


def gradient_names(op: Op) -> list[str]:
    """What the formulas call the gradients that come in."""
    results = op.differentiable_results
    return ["grad"] if len(results) == 1 else [f"grad_{r.name}" for r in results]


def incoming(op: Op) -> list[str]:
    if op.returns_list:
        return ["  if (!any_defined(gradients)) return;"]
    names = gradient_names(op)
    lines = [f"  const Tensor& {name} = gradients[{i}];" for i, name in enumerate(names)]
    missing = " && ".join(f"!{name}.defined()" for name in names)
    return [*lines, f"  if ({missing}) return;"]


def assignment(op: Op, formula: Formula) -> list[str]:
    """The formula's results into their places. One for several arguments gives an array."""
    found = edges(op, formula)
    if len(found) == 1:
        return [f"    results[{found[0]}] = {formula.expression};"]
    flags = ", ".join(f"should_compute({i})" for i in found)
    lines = [f"    const std::array<bool, {len(found)}> wanted = {{{flags}}};"]
    lines.append(f"    std::array<Tensor, {len(found)}> computed = {formula.expression};")
    places = enumerate(found)
    return lines + [f"    results[{i}] = std::move(computed[{k}]);" for k, i in places]


def apply_body(op: Op) -> list[str]:
    signature = "apply(std::span<const Tensor> gradients, std::span<Tensor> results)"
    lines = [f"void {op.class_name}::{signature} {{"]
    lines += incoming(op)
    if is_list(op):
        (formula,) = formulas(op)
        lines.append(f"  move_to(results, {formula.expression});")
        return lines + ["}", ""]
    shared = shared_tensors(op)
    for item, users in shared.items():
        lines.append(f"  const Tensor {item.source} =")
        lines.append(f"      {wanted(op, *users)} ? {item.member}.unpack(*this) : Tensor();")
    for formula in formulas(op):
        lines.append(f"  if ({wanted(op, formula)}) {{")
        for item in formula.saved:
            if item.kind in ("input", "output") and item not in shared:
                lines.append(f"    const Tensor {item.source} = {item.member}.unpack(*this);")
        lines += [*assignment(op, formula), "  }"]
    return lines + ["}", ""]


def nodes_header(family: Family) -> str:
    lines = ["#pragma once", "", '#include "autograd/saved_tensor.h"', '#include "ops/types.h"', ""]
    lines += ["namespace libtensor::ops {", ""]
    used = ("FixedNode", "ListNode", "SavedTensor", "SavedVisitor", "kNoEdge")
    lines += [*(f"using autograd::{name};" for name in used), ""]
    for op in family.ops:
        if op.gradient:
            lines += node_class(op)
    return header() + "\n".join(lines) + "\n}  // namespace libtensor::ops\n"


def families_used(family: Family, families: list[Family]) -> list[str]:
    """Those whose operations the formulas call."""
    formulas_text = " ".join(text for op in family.ops for text in op.gradient.values())
    called = set(re.findall(r"\b(\w+)\s*\(", formulas_text))
    return [other.name for other in families if called & {op.name for op in other.ops}]


def nodes_source(family: Family, families: list[Family]) -> str:
    lines = [f'#include "ops/generated/nodes/{family.name}.h"', "", '#include "ops/formulas.h"']
    used = families_used(family, families)
    lines += [f'#include "ops/generated/functions/{name}.h"' for name in used]
    lines += ["", "namespace libtensor::ops {", ""]
    for op in family.ops:
        if op.gradient:
            lines += apply_body(op)
    return header() + "\n".join(lines) + "\n}  // namespace libtensor::ops\n"
