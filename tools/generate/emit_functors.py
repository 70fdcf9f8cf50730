"""Writes what follows from the functors that rows name: their numbers, and the sources that compile
a family's kernels for the CPU and for CUDA."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from model import Op, TableError, camel
from text import header


@dataclass(frozen=True)
class FunctorFamily:
    """A file of core/functors, and the functors in it that rows name, each with how many values and
    parameters the rows give it."""

    number: int
    name: str
    functors: dict[str, tuple[int, int]] = field(hash=False)

    @property
    def title(self) -> str:
        return camel(self.name)


def functor_families(ops: list[Op]) -> list[FunctorFamily]:
    family_of: dict[str, str] = {}
    members: dict[str, dict[str, tuple[int, int]]] = {}
    for op in filter(lambda op: op.functor, ops):
        family, name = op.functor.split(".")
        if family_of.setdefault(name, family) != family:
            raise TableError(f"{op.name}: functor {name} is of family {family_of[name]}")
        given = len(op.operands), len(op.parameters)
        if members.setdefault(family, {}).setdefault(name, given) != given:
            raise TableError(f"{op.name}: another row gives functor {name} more or less")
    return [FunctorFamily(i, name, members[name]) for i, name in enumerate(sorted(members))]


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def numbers(family: FunctorFamily) -> str:
    names = "".join(f'    "{snake(name)}",\n' for name in family.functors)
    constants = "".join(
        f"inline constexpr PointwiseOp k{name} = pointwise_op(k{family.title}Family, {place});\n"
        for place, name in enumerate(family.functors)
    )
    return f"""{header()}#pragma once

#include "core/pointwise_op.h"

namespace libtensor::functor {{

inline constexpr int k{family.title}Family = {family.number};
inline constexpr int k{family.title}Count = {len(family.functors)};
// For messages.
inline constexpr const char* k{family.title}Names[] = {{
{names}}};

{constants}
}}  // namespace libtensor::functor
"""


def functor_types(family: FunctorFamily, prefix: str = "") -> str:
    return ",\n                ".join(f"{prefix}{name}Op" for name in family.functors)


def cpu_source(family: FunctorFamily) -> str:
    name, title = family.name, family.title
    counts = "".join(
        f"static_assert(kTakes<{functor}Op, {values}, {parameters}>);\n"
        for functor, (values, parameters) in family.functors.items()
    )
    return f"""{header()}
#include "core/generated/functors/{name}.h"
#include "core/scalar_math.h"
#include "cpu/kernel_tables.h"
#include "cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/generated/pointwise_{name}.cpp"
#include <hwy/foreach_target.h>

#include "cpu/pointwise_kernels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace libtensor::cpu::HWY_NAMESPACE {{
#include "core/functors/{name}.h"

{counts}
void Fill{title}(PointwiseEntry* entries) {{
  FillFamily<{functor_types(family)}>(entries);
}}
}}  // namespace libtensor::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace libtensor::cpu {{
HWY_EXPORT(Fill{title});
void fill_{name}(KernelTables& tables) {{
  static constinit PointwiseEntry entries[functor::k{title}Count] = {{}};
  HWY_DYNAMIC_DISPATCH(Fill{title})(entries);
  tables.pointwise.add(functor::k{title}Family, entries, functor::k{title}Names);
}}
}}  // namespace libtensor::cpu
#endif
"""


def cuda_source(family: FunctorFamily) -> str:
    name, title = family.name, family.title
    return f"""{header()}
#include "core/generated/functors/{name}.h"
#include "cuda/pointwise_kernels.h"

namespace libtensor::cuda {{
namespace functors {{
#include "core/functors/{name}.h"
}}  // namespace functors

void add_{name}_kernels(PointwiseTable& table) {{
  static constinit PointwiseEntry entries[functor::k{title}Count] = {{}};
  fill_family<{functor_types(family, "functors::")}>(entries);
  table.add(functor::k{title}Family, entries, functor::k{title}Names);
}}

}}  // namespace libtensor::cuda
"""


def cpu_families(families: list[FunctorFamily]) -> str:
    declared = "".join(f"void fill_{f.name}(KernelTables& tables);\n" for f in families)
    listed = ", ".join(f"fill_{f.name}" for f in families)
    return f"""{header()}#pragma once

#include "cpu/kernel_tables.h"

namespace libtensor::cpu {{

// Each writes the kernels of its family, for the target that Highway has chosen.
{declared}
inline constexpr FillTables kFillPointwise[] = {{{listed}}};

}}  // namespace libtensor::cpu
"""


def cuda_families(families: list[FunctorFamily]) -> str:
    declared = "".join(f"void add_{f.name}_kernels(PointwiseTable& table);\n" for f in families)
    calls = "".join(f"  add_{f.name}_kernels(table);\n" for f in families)
    return f"""{header()}#pragma once

#include "cuda/pointwise.h"

namespace libtensor::cuda {{

{declared}
inline void add_pointwise_kernels(PointwiseTable& table) {{
{calls}}}

}}  // namespace libtensor::cuda
"""
