"""Writes samples for the gradient tests: what can be derived from a row's arguments alone."""

from __future__ import annotations

import ast

from model import Arg, Family, Op
from text import header
from vocabulary import TENSOR

SIZES = "{3, 3}"
"""Square, so that broadcasting operations and matrix products both take it."""


def argument(arg: Arg) -> str | None:
    """What a test gives for an argument that is not differentiated, if there is anything."""
    test = arg.type.test
    if test is None:
        return None
    if not test.pattern or arg.default is None:
        return test.value
    return test.pattern.format(str(ast.literal_eval(arg.default)).lower())


def arguments(op: Op, self_text: str) -> list[str] | None:
    """The C arguments over `in`; None where a kind of argument cannot be made up."""
    found: list[str | None] = []
    used = 0
    for arg in op.given("function"):
        if arg is op.options_arg:
            found.append("nullptr")
        elif arg.type is TENSOR and arg.name in op.differentiable:
            found.append(self_text if arg.name == "self" else f"in[{used}]")
            used += 1
        else:
            found.append(argument(arg))
    return None if None in found else found


def leaves(op: Op) -> str:
    return "{" + ", ".join([SIZES] * sum(arg.name in op.differentiable for arg in op.args)) + "}"


def of_results(op: Op, given: str, kept: list[str]) -> list[str]:
    """A call for several results, of which the function returns these, one after the other."""
    names = [result.name for result in op.returns]
    outs = ", ".join(f"{name}.out()" for name in names)
    returned = kept[0] if len(kept) == 1 else f"all_in_one({{{', '.join(kept)}}})"
    return [
        f"       Owned {', '.join(names)};",
        f"       EXPECT_EQ(tensor_{op.name}({given}, {outs}), TENSOR_OK) << tensor_last_error();",
        f"       return {returned};",
    ]


def several_cases(op: Op, given: str) -> list[str]:
    """One result alone, so that the others' gradients are missing, and all of them together."""
    names = [result.name for result in op.differentiable_results]
    lines: list[str] = []
    for name in names:
        lines += written(op, f"derived {name}", of_results(op, given, [name]))
    if len(names) > 1:
        lines += written(op, "derived together", of_results(op, given, names))
    return lines


def case(op: Op, variant: str) -> list[str]:
    in_place = variant == "inplace"
    found = arguments(op, "self" if in_place else "in[0]")
    unfit = op.returns_list or op.rule == "compare" or op.node == "NotImplemented"
    if not op.gradient or found is None or unfit:
        return []
    given = ", ".join(found)
    if len(op.returns) > 1:
        return several_cases(op, given)
    if in_place:
        body = [
            "       Owned self = call(tensor_clone, in[0]);",
            f"       EXPECT_EQ(tensor_{op.name}_({given}), TENSOR_OK) << tensor_last_error();",
            "       return self;",
        ]
    else:
        body = [f"       return call(tensor_{op.name}, {given});"]
    return written(op, "derived in place" if in_place else "derived", body)


def written(op: Op, label: str, body: list[str]) -> list[str]:
    low, high = op.sample
    pointwise = "true" if op.kernel == "pointwise" else "false"
    return [
        f'      {{"{op.name}", "{label}", {leaves(op)},',
        "       [](const Inputs& in) {",
        *body,
        "       },",
        f"       {{{low}, {high}}}, {pointwise}}},",
    ]


def cases(family: Family) -> str:
    lines = ['#include "ops/gradient_case.h"', "", "namespace test {", ""]
    lines += [f"std::vector<GradientCase> derived_{family.name}_cases() {{", "  return {"]
    for op in family.public:
        for variant in ("function", "inplace"):
            if variant in op.variants:
                lines += case(op, variant)
    return header() + "\n".join([*lines, "  };", "}", "", "}  // namespace test", ""])


def all_cases(families: list[Family]) -> str:
    lines = ['#include "ops/gradient_case.h"', "", "namespace test {", ""]
    lines += [f"std::vector<GradientCase> derived_{f.name}_cases();" for f in families]
    lines += ["", "std::vector<GradientCase> derived_gradient_cases() {"]
    lines += ["  std::vector<GradientCase> all;"]
    lines += [
        f"  for (const GradientCase& of : derived_{f.name}_cases()) all.push_back(of);"
        for f in families
    ]
    return header() + "\n".join([*lines, "  return all;", "}", "", "}  // namespace test", ""])
