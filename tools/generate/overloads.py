"""Sorts the table's forms of a PyTorch function into the overloads of a language."""

from __future__ import annotations

from dataclasses import dataclass, replace

from model import Arg, Op, TableError
from vocabulary import Type


@dataclass(frozen=True)
class Overload:
    """One form of a function, under PyTorch's name, with defaults that suit the other forms."""

    name: str
    op: Op
    args: tuple[Arg, ...]

    @property
    def lacks_options(self) -> bool:
        """It gives the operation no options, where it has some."""
        return self.op.options_arg is not None and self.op.options_arg not in self.args


def forms(op: Op) -> list[tuple[Arg, ...]]:
    """An operation with options may be called without them."""
    given = op.given("function")
    return [given[:-1], given] if op.options else [given]


def types(item: Overload) -> tuple[Type, ...]:
    return tuple(arg.type for arg in item.args)


def overloads(ops: list[Op], wanted=lambda op: True) -> list[Overload]:
    """Every name of every wanted operation, with defaults that leave no call ambiguous."""
    named = [
        Overload(name, op, args)
        for op in ops
        for name in op.torch
        if wanted(op)
        for args in forms(op)
    ]
    whole = {(item.name, types(item)) for item in named if not item.lacks_options}
    named = [i for i in named if not (i.lacks_options and (i.name, types(i)) in whole)]
    groups: dict[str, list[Overload]] = {}
    for item in named:
        groups.setdefault(item.name, []).append(item)
    refuse_twins(groups)
    return [without_clashes(item, groups[item.name]) for item in named]


def refuse_twins(groups: dict[str, list[Overload]]) -> None:
    for name, group in groups.items():
        if len(set(map(types, group))) < len(group):
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
