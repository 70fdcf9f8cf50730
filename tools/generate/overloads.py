"""Sorts the table's forms of a PyTorch function into the overloads of a language."""

from __future__ import annotations

from dataclasses import dataclass, replace

from model import Arg, Op, TableError


@dataclass(frozen=True)
class Overload:
    """One form of a function, under PyTorch's name, with defaults that suit the other forms."""

    name: str
    op: Op
    args: tuple[Arg, ...]


def overloads(ops: list[Op], wanted=lambda op: True) -> list[Overload]:
    """Every name of every wanted operation, with defaults that leave no call ambiguous."""
    named = [Overload(name, op, op.args) for op in ops for name in op.torch if wanted(op)]
    groups: dict[str, list[Overload]] = {}
    for item in named:
        groups.setdefault(item.name, []).append(item)
    refuse_twins(groups)
    return [without_clashes(item, groups[item.name]) for item in named]


def refuse_twins(groups: dict[str, list[Overload]]) -> None:
    for name, group in groups.items():
        types = [tuple(arg.type for arg in item.args) for item in group]
        if len(set(types)) < len(types):
            names = ", ".join(item.op.name for item in group)
            raise TableError(f"{name}: two of {names} take the same arguments")


def without_clashes(item: Overload, group: list[Overload]) -> Overload:
    """Requires the argument by which this form is longer than another that would answer as well."""
    args = list(item.args)
    for other in group:
        count = len(other.args)
        same = [a.type for a in other.args] == [a.type for a in args[:count]]
        if count < len(args) and same:
            for position in range(count + 1):
                args[position] = replace(args[position], default=None)
    return replace(item, args=tuple(args))
