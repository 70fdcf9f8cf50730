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
        elif arg.type is TENSOR and arg.name in op.gradient:
            found.append(self_text if arg.name == "self" else f"in[{used}]")
            used += 1
        else:
            found.append(argument(arg))
    return None if None in found else found


def leaves(op: Op) -> str:
    return "{" + ", ".join([SIZES] * sum(arg.name in op.gradient for arg in op.args)) + "}"


def case(op: Op, variant: str) -> list[str]:
    in_place = variant == "inplace"
    found = arguments(op, "self" if in_place else "in[0]")
    several = len(op.returns) > 1 or op.returns_list
    unfit = several or op.rule == "compare" or op.node == "NotImplemented"
    if not op.gradient or found is None or unfit:
        return []
    given = ", ".join(found)
    if in_place:
        body = [
            "       Owned self = call(tensor_clone, in[0]);",
            f"       EXPECT_EQ(tensor_{op.name}_({given}), TENSOR_OK) << tensor_last_error();",
            "       return self;",
        ]
    else:
        body = [f"       return call(tensor_{op.name}, {given});"]
    low, high = op.sample
    pointwise = "true" if op.kernel == "pointwise" else "false"
    label = "derived in place" if in_place else "derived"
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
