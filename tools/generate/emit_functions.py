"""Writes the operations themselves: check, record, compute, for each variant."""

from __future__ import annotations

from cpp_types import (
    compute_signature,
    count_signature,
    infer_signature,
    into_signature,
    out_name,
    result_type,
    signature,
)
from emit_nodes import is_list
from formula import Saved, all_saved
from model import Family, Op
from text import header, wrap_call
from vocabulary import OPTIONS, TENSOR


def call_args(op: Op, variant: str = "function") -> str:
    return ", ".join(a.name for a in op.args_of(variant))


def pointwise_call(op: Op, function: str, lead: str = "") -> str:
    family_name = op.functor.split(".")[1]
    rule = "".join(part.capitalize() for part in op.rule.split("_"))
    operands = ", ".join([*op.operands, *(f"Parameter{{{p}}}" for p in op.parameters)])
    return f"pointwise::{function}(functor::k{family_name}, Rule::k{rule}, {lead}{{{operands}}})"


def write_into(name: str, args: str) -> str:
    """What has an operation of kernel `into` write its result, as a lambda over the tensor."""
    return f"[&](const Tensor& target) {{ compute::{name}_into(target, {args}); }}"


def fresh_result(op: Op) -> list[str]:
    """The computation alone, of an operation of kernel `into`."""
    return [
        wrap_call(compute_signature(op) + " {"),
        f"  const Tensor result = make(infer_{op.name}({call_args(op)}));",
        f"  {op.name}_into(result, {call_args(op)});",
        "  return finished(result, options);" if makes(op) else "  return result;",
        "}",
        "",
    ]


def check_lines(op: Op) -> list[str]:
    return [f"  {op.check};"] if op.check else []


def differentiable(op: Op) -> str:
    return ", ".join(op.differentiable)


def save_value(op: Op, item: Saved, inplace: bool) -> str:
    if item.kind == "attribute":
        if item.attribute in ("shapes", "dtypes"):
            return f"node->{item.member} = {item.attribute}_of({item.source});"
        return f"node->{item.member} = {item.source}.{item.attribute}();"
    if item.kind == "value":
        value = op.arg(item.source).type.core.saved.format(item.source)
        return f"node->{item.member} = {value};"
    # What is about to be overwritten is saved as a copy.
    source = f"clone({item.source})" if inplace and item.source == "self" else item.source
    # What has no gradient has no edge either.
    has_edge = item.source in op.differentiable
    edge = op.differentiable.index(item.source) if has_edge else "kNoEdge"
    if inplace and item.source != "self" and op.arg(item.source).type is TENSOR:
        return f"node->{item.member}.save_beside({source}, {edge}, self);"
    return f"node->{item.member}.save({source}, {edge});"


def condition(op: Op, users: list[str]) -> str:
    if set(op.differentiable) == set(users):
        return ""
    return " || ".join(f"{arg}.requires_grad()" for arg in users)


def make_node(op: Op, inplace: bool) -> list[str]:
    lines = [f"auto node = Ref<{op.class_name}>::adopt(new {op.class_name});"]
    if is_list(op):
        lines.append(f"connect_all(*node, {op.differentiable[0]});")
    else:
        lines += [f"node->connect({i}, {arg});" for i, arg in enumerate(op.differentiable)]
    if inplace and op.node_inplace:
        lines.append("node->inplace_ = true;")
    for item, users in all_saved(op).items():
        if item.kind == "output":
            continue
        line = save_value(op, item, inplace)
        only_for = condition(op, users) if item.kind == "input" else ""
        lines.append(f"if ({only_for}) {line}" if only_for else line)
    return lines


def save_outputs(op: Op, node: str, step: str, content: str = "") -> list[str]:
    """One of SavedTensor's steps for each result that `node` keeps; it is given `content`, or the
    result itself."""
    items = [item for item in all_saved(op) if item.kind == "output"]
    return [f"    {node}->{i.member}.{step}({content or i.source});" for i in items]


def function_body(op: Op) -> list[str]:
    if op.kernel == "pointwise":
        call = pointwise_call(op, "run")
    else:
        call = f"compute::{op.name}({call_args(op)})"
    if len(op.returns) > 1:
        names = ", ".join(r.name for r in op.returns)
        lines = [f"  auto [{names}] = {call};"]
        returned = f"{{{names}}}"
    else:
        lines = [f"  {result_type(op)} result = {call};"]
        returned = "result"
    if op.kernel == "view":
        lines.append(f"  autograd::{'set_views' if op.returns_list else 'set_view'}(result, self);")
    if op.gradient and op.rule != "compare":  # a bool result has no history
        outputs = [r.name for r in op.differentiable_results]
        several = f"std::array{{{', '.join(outputs)}}}"
        recorded = outputs[0] if len(outputs) == 1 else several
        lines.append(f"  if (autograd::records({differentiable(op)})) [[unlikely]] {{")
        lines += ["    " + line for line in make_node(op, inplace=False)]
        saved = save_outputs(op, "node", "save_output")
        if saved:  # with its place in the graph, which hooks see
            lines += [f"    autograd::set_history({recorded}, node);", *saved]
        else:
            lines.append(f"    autograd::set_history({recorded}, std::move(node));")
        lines.append("  }")
    return lines + [f"  return {returned};"]


def called(call: str) -> tuple[str, str]:
    """The name and the arguments of a call."""
    name, args = call.removesuffix(")").split("(", 1)
    return name, args


def inplace_compute(op: Op, target: str = "self") -> str:
    if op.kernel == "pointwise":
        return pointwise_call(op, "run_inplace", f"{target}, ")
    if "function" not in op.variants:
        return f"compute::{op.name}_({call_args(op)})"
    if op.kernel == "view":
        return "set_geometry(self, moved)"
    if op.kernel == "into":
        name, args = called(op.inplace_compute or f"{op.name}({call_args(op)})")
        infer = f"compute::infer_{name}({args})"
        write = write_into(name, args)
        return f"write_inplace({target}, {infer},\n                {write})"
    return f"assign(self, compute::{op.name}({call_args(op)}))"


def inplace_body(op: Op) -> list[str]:
    name = op.variant_name("inplace")
    lines = [f"  const bool records = autograd::records({differentiable(op) or 'self'});"]
    if op.kernel == "view":
        lines.append("  const Exclusive alone(self);")
    elif op.gradient:
        lines.append("  autograd::HistoryChange change(self, records);")
    lines.append("  autograd::check_inplace(self, records);")
    if op.inplace_check:
        lines.append(f"  {op.inplace_check};")
    expected = save_outputs(op, "recorded", "expect_output", "self")
    if op.gradient:
        lines.append(f"  Ref<{op.class_name}> recorded;")
        lines.append("  if (records) [[unlikely]] {")
        lines += ["    " + line for line in make_node(op, inplace=True)]
        lines.append("    recorded = std::move(node);")
        prepare = [] if op.kernel == "view" else ["    change.prepare(self, recorded);"]
        if expected:
            lines += ["  }", *write_early(op), "  if (recorded) [[unlikely]] {"]
        lines += [*prepare, *expected, "  }"]
    if op.kernel == "view":
        lines.append(f"  const Tensor moved = compute::{op.name}({call_args(op)});")
        lines.append("  if (recorded) [[unlikely]]")
        lines.append("    recorded->add_output(moved);")
    lines += [f"  {inplace_compute(op)};", f'  self.storage().bump_version("{name}");']
    if op.gradient:
        rebase = "autograd::rebase_geometry(self, recorded)"
        lines.append("  if (recorded) [[unlikely]] {")
        lines.append(f"    {rebase if op.kernel == 'view' else 'change.commit(self)'};")
        lines += save_outputs(op, "recorded", "take_output", "self")
        lines.append("  }")
    return lines


def write_early(op: Op) -> list[str]:
    """Where hooks keep the result, they get it before self is changed: they may fail."""
    lines = ["  if (recorded && autograd::saved_hooks_active()) [[unlikely]] {"]
    lines.append("    const Tensor content = compute::empty_like(self, Options{});")
    lines.append(f"    {inplace_compute(op, 'content')};")
    lines += save_outputs(op, "recorded", "save_output_early", "content, recorded")
    lines.append("    change.prepare(self, recorded);")
    lines.append("    assign(self, content);")
    lines.append(f'    self.storage().bump_version("{op.variant_name("inplace")}");')
    lines.append("    change.commit(self);")
    return [*lines, "    return;", "  }"]


def makes(op: Op) -> bool:
    """Is a tensor only made? PyTorch warns of no resize then."""
    return any(a.type is OPTIONS for a in op.args)


def out_args(op: Op) -> str:
    return ", ".join("options_of(out)" if a.type is OPTIONS else a.name for a in op.args)


def out_body(op: Op) -> list[str]:
    outs = [out_name(op, r) for r in op.returns]
    requires = " || ".join(f"requires_grad({a.name})" for a in op.args if a.type.handles)
    lines = [f'  autograd::check_out("{op.torch[0]}", {o}, {requires or "false"});' for o in outs]
    if op.out_check:
        lines.append(f"  {op.out_check};")
    if op.kernel == "pointwise":
        lines.append(f"  {pointwise_call(op, 'run_out', 'out, ')};")
    elif op.kernel == "into":
        call = op.out_compute or f"{op.name}({out_args(op)})"
        name, args = called(call)
        infer = f"[&] {{ return compute::infer_{name}({args}); }}"
        inputs = "".join(f", {a.name}" for a in op.args if a.type.handles)
        write = "make_out" if makes(op) else "write_out"
        lines += [f"  {write}(out, {infer},", f"            {write_into(name, args)}{inputs});"]
    else:
        space = "" if op.kernel == "composite" else "compute::"
        call = op.out_compute or f"{space}{op.name}({out_args(op)})"
        if len(outs) > 1:
            computed = ", ".join(f"computed_{o}" for o in outs)
            lines.append(f"  auto [{computed}] = {call};")
            pairs = ", ".join(f"{{{o}, computed_{o}}}" for o in outs)
            lines.append(f"  assign_outs({{{pairs}}});")
        else:
            lines.append(f"  {'make_out' if makes(op) else 'assign_out'}(out, {call});")
    return lines + [f'  {o}.storage().bump_version("{op.name}_out");' for o in outs]


BODIES = {"function": function_body, "inplace": inplace_body, "out": out_body}


def functor_headers(family: Family) -> list[str]:
    used = {op.functor.split(".")[0] for op in family.ops if op.functor}
    return [f'#include "core/generated/functors/{name}.h"' for name in sorted(used)]


def functions_source(family: Family) -> str:
    generated = {
        "functions": {family.name, "copies"},  # what is overwritten is saved as a clone
        "compute": {family.name, "creation"},  # results that hooks keep are made empty
        "nodes": {family.name},
    }
    lines = [f'#include "ops/generated/functions/{family.name}.h"', ""]
    lines += ['#include "autograd/history.h"', *functor_headers(family)]
    lines += ['#include "ops/assign.h"', '#include "ops/checks.h"', '#include "ops/formulas.h"']
    for kind, names in generated.items():
        lines += [f'#include "ops/generated/{kind}/{name}.h"' for name in sorted(names)]
    into = [op for op in family.ops if op.kernel == "into"]
    lines += ['#include "ops/into.h"'] if into else []
    lines += ['#include "ops/pointwise.h"', "", "namespace libtensor::ops {", ""]
    if into:
        fresh = [line for op in into for line in fresh_result(op)]
        lines += ["namespace compute {", "", *fresh, "}  // namespace compute", ""]
    for op in family.ops:
        for variant in op.variants:
            if variant == "function" and op.kernel == "composite":
                continue
            lines.append(wrap_call(signature(op, variant) + " {"))
            lines += check_lines(op) + BODIES[variant](op) + ["}", ""]
    return header() + "\n".join(lines) + "\n}  // namespace libtensor::ops\n"


def functions_header(family: Family) -> str:
    about = f"// {family.title}, with autograd. Composite operations are defined by hand."
    lines = [about, "", "#pragma once", "", "#include <tuple>", "#include <vector>", ""]
    lines += ['#include "ops/types.h"', "", "namespace libtensor::ops {", ""]
    for op in family.ops:
        lines += [wrap_call(signature(op, variant) + ";") for variant in op.variants]
    counts = [count_signature(op) + ";" for op in family.ops if op.returns_list]
    if counts:
        lines += ["", "// How many results a list has, by arithmetic; refuses what the operation"]
        lines += ["// refuses.", *counts]
    return header() + "\n".join(lines) + "\n\n}  // namespace libtensor::ops\n"


def compute_header(family: Family) -> str:
    about = f"// {family.title}: what is written by hand, the computations alone, without autograd."
    lines = [about, "", "#pragma once", "", "#include <tuple>", "#include <vector>", ""]
    lines += ['#include "ops/types.h"', "", "namespace libtensor::ops::compute {", ""]
    for op in family.ops:
        if op.kernel in ("compute", "view"):
            lines.append(wrap_call(compute_signature(op) + ";"))
        if op.kernel == "into":
            signatures = compute_signature(op), infer_signature(op), into_signature(op)
            lines += [wrap_call(each + ";") for each in signatures]
    return header() + "\n".join(lines) + "\n\n}  // namespace libtensor::ops::compute\n"
