"""Matches a call's arguments with the forms of an operation, as PyTorch's argument parser does."""

from __future__ import annotations

from typing import NamedTuple

from ._handle import Handle
from ._schema import REQUIRED, Arg, Op
from ._values import KINDS, OPTION_CHECKS, is_int, is_number

ALIASES = {
    "self": ("input", "x", "a", "x1"),
    "other": ("x2",),
    "shape": ("size",),
    "src": ("other",),
    "dim": ("axis",),
    "keepdim": ("keepdims",),
}
"""Other names that PyTorch has for a parameter, or that the table has for PyTorch's."""


class Bound(NamedTuple):
    """Where an argument comes from: a position in the call's values, a slice of them for sizes
    given one by one, a list of (option, position) pairs, or a default."""

    arg: Arg
    source: object
    default: object = REQUIRED


class Signature:
    """One form of an operation as Python sees it. `args` are in the order of the call."""

    def __init__(self, op: Op, variant: str, name: str, method: bool):
        self.op, self.variant, self.name, self.method = op, variant, name, method
        args = [arg for arg in op.args if variant != "out" or arg.type != "options"]
        self.args = args
        self.plain = [arg for arg in args if arg.type != "options"]
        if method:
            self.plain.sort(key=lambda arg: arg.name != "self")
        self.options = next((arg for arg in args if arg.type == "options"), None)
        self.positional = [arg for arg in self.plain if arg.name not in op.keyword_only]

    def spread(self, position: int) -> bool:
        """Whether the argument may be given one size at a time: `view(2, 3)`."""
        first = position == int(self.method)
        rest = self.positional[position + 1 :]
        return (
            first
            and self.positional[position].type == "shape"
            and all(arg.default is not REQUIRED for arg in rest)
            and (self.method or self.options is not None)
        )

    def bind(self, args: tuple, kwargs: dict[str, object]) -> list[Bound]:
        """Where each C argument comes from; TypeError with PyTorch's message where it does not
        fit."""
        keys = list(kwargs)
        found: dict[str, Bound] = {}
        taken: set[str] = set()
        used = 0
        for position, arg in enumerate(self.plain):
            if arg in self.positional and used < len(args):
                if self.spread(position) and is_int(args[used]):
                    found[arg.name] = self.several(arg, args, used)
                    used = len(args)
                else:
                    self.require(arg, args[used], used)
                    found[arg.name] = Bound(arg, used)
                    used += 1
                continue
            key = next((name for name in self.names(arg) if name in kwargs), None)
            if key is not None:
                self.require(arg, kwargs[key], None, key)
                taken.add(key)
                found[arg.name] = Bound(arg, len(args) + keys.index(key))
            elif arg.default is not REQUIRED:
                found[arg.name] = Bound(arg, None, arg.default)
            else:
                self.missing(found)
        if used < len(args):
            self.too_many(len(args))
        if self.options:
            found[self.options.name] = self.bind_options(kwargs, keys, len(args), taken)
        for key in keys:
            if key not in taken:
                self.unexpected(key)
        return [found[arg.name] for arg in self.args]

    def names(self, arg: Arg) -> tuple[str, ...]:
        return (arg.name, *ALIASES.get(arg.name, ()))

    def bind_options(self, kwargs: dict, keys: list[str], offset: int, taken: set[str]) -> Bound:
        pairs = []
        for key, (text, accepts) in OPTION_CHECKS.items():
            if key in kwargs:
                taken.add(key)
                value = kwargs[key]
                if value is not None and not accepts(value):
                    raise TypeError(
                        f"{self.name}(): argument '{key}' must be {text}, "
                        f"not {type(value).__name__}"
                    )
                pairs.append((key, offset + keys.index(key)))
        return Bound(self.options, pairs)

    def several(self, arg: Arg, args: tuple, start: int) -> Bound:
        for position in range(start, len(args)):
            if not is_int(args[position]):
                raise TypeError(
                    f"{self.name}(): argument '{self.shown(arg)}' must be tuple of ints, but found "
                    f"element of type {type(args[position]).__name__} at pos {position - start}"
                )
        return Bound(arg, slice(start, len(args)))

    def shown(self, arg: Arg) -> str:
        """The name that PyTorch gives an argument."""
        if arg.name == "self":
            return "input"
        return "size" if arg.name == "shape" and self.options else arg.name

    def require(self, arg: Arg, value: object, position: int | None, key: str = "") -> None:
        kind = KINDS[arg.type]
        if not kind.accepts(value):
            where = "" if position is None else f" (position {position + 1 - self.method})"
            raise TypeError(
                f"{self.name}(): argument '{key or self.shown(arg)}'{where} must be {kind.text}, "
                f"not {type(value).__name__}"
            )

    def missing(self, found: dict) -> None:
        names = [
            self.shown(arg)
            for arg in self.plain
            if arg.name not in found and arg.default is REQUIRED
        ]
        listed = ", ".join(f'"{name}"' for name in names)
        raise TypeError(
            f"{self.name}() missing {len(names)} required positional arguments: {listed}"
        )

    def too_many(self, given: int) -> None:
        given -= self.method
        most = len(self.positional) - self.method
        least = sum(arg.default is REQUIRED for arg in self.positional) - self.method
        if self.method and not most and len(self.plain) == 1:
            raise TypeError(f"TensorBase.{self.name}() takes no arguments ({given} given)")
        span = f"{most}" if least == most else f"from {least} to {most}"
        raise TypeError(
            f"{self.name}() takes {span} positional argument{'' if most == 1 else 's'} "
            f"but {given} {'was' if given == 1 else 'were'} given"
        )

    def unexpected(self, key: str) -> None:
        if any(key in self.names(arg) for arg in self.plain):
            raise TypeError(f"{self.name}() got multiple values for argument '{key}'")
        raise TypeError(f"{self.name}() got an unexpected keyword argument '{key}'")

    def plausible(self, count: int) -> bool:
        """Whether the number of arguments fits, which decides what message a bad call gets."""
        least = sum(arg.default is REQUIRED for arg in self.plain)
        extra = len(OPTION_CHECKS) if self.options else 0
        extra += "out" in self.op.variants and not self.method
        extra += self.op.dtype_keyword
        return least <= count <= len(self.plain) + extra or any(
            self.spread(position) for position in range(len(self.positional))
        )

    def __str__(self) -> str:
        parts = []
        for arg in self.plain[int(self.method) :]:
            default = "" if arg.default is REQUIRED else f" = {arg.default}"
            parts.append(f"{KINDS[arg.type].text} {self.shown(arg)}{default}")
        return f"({', '.join(parts)})"


def invalid_combination(name: str, signatures: list[Signature], args: tuple, kwargs: dict) -> str:
    """PyTorch's message for a call that fits none of several forms."""
    skip = int(signatures[0].method)
    got = [type(value).__name__ for value in args[skip:]]
    got += [f"{key}={type(value).__name__}" for key, value in kwargs.items()]
    forms = "".join(f" * {signature}\n" for signature in signatures)
    return (
        f"{name}() received an invalid combination of arguments - got ({', '.join(got)}), "
        f"but expected one of:\n{forms}"
    )


def is_plain_number(value: object) -> bool:
    return not isinstance(value, Handle) and is_number(value)
