"""Writes the graph nodes: one class per differentiable operation."""

from __future__ import annotations

import re

from formula import ATTRIBUTES, Saved, all_saved, formulas
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
    count = "" if is_list(op) else f", {len(op.gradient) + op.number_edge}"
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


def shared_tensors(op: Op) -> dict[Saved, list[int]]:
    """The saved tensors that several formulas use, which are unpacked once, and which these are."""
    users: dict[Saved, list[int]] = {}
    for index, formula in enumerate(formulas(op)):
        for item in formula.saved:
            if item.kind in ("input", "output"):
                users.setdefault(item, []).append(index)
    return {item: found for item, found in users.items() if len(found) > 1}


def apply_body(op: Op) -> list[str]:
    signature = "apply(std::span<const Tensor> gradients, std::span<Tensor> results)"
    lines = [f"void {op.class_name}::{signature} {{"]
    if op.returns_list:
        lines.append("  if (!any_defined(gradients)) return;")
    else:
        lines += ["  const Tensor& grad = gradients[0];", "  if (!grad.defined()) return;"]
    if is_list(op):
        (formula,) = formulas(op)
        lines.append(f"  move_to(results, {formula.expression});")
        return lines + ["}", ""]
    shared = shared_tensors(op)
    for item, users in shared.items():
        wanted = " || ".join(f"should_compute({index})" for index in users)
        lines.append(f"  const Tensor {item.source} =")
        lines.append(f"      {wanted} ? {item.member}.unpack(*this) : Tensor();")
    for index, formula in enumerate(formulas(op)):
        lines.append(f"  if (should_compute({index})) {{")
        for item in formula.saved:
            if item.kind in ("input", "output") and item not in shared:
                lines.append(f"    const Tensor {item.source} = {item.member}.unpack(*this);")
        lines += [f"    results[{index}] = {formula.expression};", "  }"]
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
