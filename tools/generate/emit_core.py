"""Writes what the backends need: the list of pointwise functors."""

from __future__ import annotations

import re

from model import Op, functors
from text import header


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def pointwise_op(ops: list[Op]) -> str:
    names = functors(ops)
    rows = "".join(f"  k{name},\n" for name in names)
    texts = "".join(f'    "{snake(name)}",\n' for name in names)
    return f"""{header()}#pragma once

#include <cstdint>

namespace libtensor {{

// Every pointwise functor, in the table's order.
enum class PointwiseOp : uint16_t {{
{rows}}};
inline constexpr int kPointwiseOpCount = {len(names)};

// For messages.
inline constexpr const char* kPointwiseOpNames[kPointwiseOpCount] = {{
{texts}}};

}}  // namespace libtensor
"""


def functor_lists(ops: list[Op]) -> str:
    families: dict[str, list[str]] = {}
    for name, family in functors(ops).items():
        families.setdefault(family, []).append(name)
    out = header()
    out += "// Included where the functors of core/functors.h are in scope.\n"
    out += "// Each family is compiled in a file of its own.\n"
    for family, names in families.items():
        entries = ",\n                ".join(f"Entry<PointwiseOp::k{n}, {n}Op>" for n in names)
        out += f"using {family.capitalize()}Functors =\n    FunctorList<{entries}>;\n"
    return out
