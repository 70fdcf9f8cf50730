"""Reads src/ops/table into plain objects that the emitters share."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import tomllib
from vocabulary import (
    OPTIONS,
    TENSOR,
    TENSORS,
    TYPES,
    Enum,
    Field,
    Type,
    camel,
    enumeration,
    options_type,
)

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "src/ops/table"

KERNELS = ("pointwise", "into", "compute", "view", "composite")
VARIANTS = ("function", "inplace", "out")
SCOPES = ("function", "method", "functional")
KNOWN_FIELDS = {
    "name", "torch", "args", "returns", "variants", "scope", "internal", "kernel", "functor",
    "rule", "operands", "parameters", "check", "node", "gradient", "doc", "dtype_keyword",
    "inplace_check", "inplace_compute", "out_check", "out_compute", "node_inplace",
    "numbers_as_tensors", "sample", "number_edge", "positional",
}  # fmt: skip


class TableError(ValueError):
    """The table says something that cannot be generated from."""


@dataclass(frozen=True)
class Arg:
    type: Type
    name: str
    default: str | None = None
    keyword_only: bool = False

    @property
    def field(self) -> Field | None:
        """It as a field of options."""
        return self.type.field(self.default or "")


@dataclass(frozen=True)
class Op:
    name: str
    torch: tuple[str, ...]
    args: tuple[Arg, ...]
    returns: tuple[Arg, ...]
    variants: tuple[str, ...]
    scope: tuple[str, ...]
    internal: bool
    kernel: str
    functor: str | None
    rule: str | None
    operands: tuple[str, ...]
    parameters: tuple[str, ...]
    check: str | None
    inplace_check: str | None
    inplace_compute: str | None
    out_check: str | None
    out_compute: str | None
    node: str | None
    node_inplace: str | None
    gradient: dict[str, str] = field(hash=False)
    doc: str
    dtype_keyword: bool = False
    numbers_as_tensors: bool = False
    sample: tuple[float, float] = (0.2, 0.9)
    number_edge: bool = False
    positional: bool = False

    @property
    def class_name(self) -> str:
        return camel(self.name) + "Backward"

    @property
    def differentiable(self) -> tuple[str, ...]:
        """The arguments that have a gradient, in the order of the node's edges."""
        return tuple(name for key in self.gradient for name in joint(key))

    @property
    def differentiable_results(self) -> tuple[Arg, ...]:
        """Those that have a place in the graph: whose gradients the formulas name, or the first."""
        text = " ".join(self.gradient.values())
        named = tuple(r for r in self.returns if re.search(rf"\bgrad_{r.name}\b", text))
        return named or self.returns[:1]

    @property
    def receiver(self) -> Arg | None:
        """The tensor whose method it is, where it is one."""
        first = self.args[0]
        return first if (first.type, first.name) == (TENSOR, "self") else None

    @property
    def returns_bool(self) -> bool:
        return self.returns[0].type.word == "bool"

    @property
    def returns_list(self) -> bool:
        return self.returns[0].type is TENSORS

    def arg(self, name: str) -> Arg:
        return next(arg for arg in self.args if arg.name == name)

    def args_of(self, variant: str) -> tuple[Arg, ...]:
        """The arguments of a variant: a given destination brings its own options."""
        return tuple(a for a in self.args if variant != "out" or a.type is not OPTIONS)

    @cached_property
    def options(self) -> tuple[Arg, ...]:
        """The arguments that are fields of the operation's options; `options` alone is a struct
        already."""
        defaults = any(arg.default is not None for arg in self.args)
        if self.positional or not defaults:
            return ()
        return tuple(a for a in self.args if a.default is not None or a.type is OPTIONS)

    @cached_property
    def options_arg(self) -> Arg | None:
        """The struct of these as an argument."""
        if not self.options:
            return None
        return Arg(options_type(self.name, any(f.has_lifetime for f in self.fields)), "options")

    @property
    def fields(self) -> list[Field]:
        return [arg.field for arg in self.options]

    def given(self, variant: str) -> tuple[Arg, ...]:
        """The arguments of the C function and of those over it, in their order."""
        if not self.options_arg:
            return self.args_of(variant)
        required = tuple(arg for arg in self.args if arg not in self.options)
        return (*required, self.options_arg)

    def variant_name(self, variant: str) -> str:
        return self.name + {"function": "", "inplace": "_", "out": "_out"}[variant]


@dataclass(frozen=True)
class Family:
    """A file of the table: operations that are written, compiled and shown together."""

    name: str
    title: str
    ops: tuple[Op, ...]

    @property
    def public(self) -> list[Op]:
        return [op for op in self.ops if not op.internal]

    @property
    def class_name(self) -> str:
        return camel(self.name)


def joint(key: str) -> tuple[str, ...]:
    """The arguments whose gradients one formula gives: "input, weight" is two."""
    return tuple(re.split(r",\s*", key))


def parse_args(text: str, where: str) -> tuple[Arg, ...]:
    args = []
    keyword_only = False
    for part in filter(None, re.split(r",\s*(?![^\[]*\])", text)):
        if part.strip() == "*":
            keyword_only = True
            continue
        match = re.fullmatch(r"(\S+)\s+(\w+)(?:=(.+))?", part.strip())
        if not match or match[1] not in TYPES:
            raise TableError(f"{where}: cannot read the argument '{part}'")
        args.append(Arg(TYPES[match[1]], match[2], match[3], keyword_only))
    return tuple(args)


def names_in(expressions: tuple[str, ...]) -> set[str]:
    """The arguments that C++ expressions are made of; functions do not count."""
    return {n for text in expressions for n in re.findall(r"\b[a-zA-Z_]\w*\b(?!\()", text)}


def parse_returns(text: str, where: str) -> tuple[Arg, ...]:
    if text in ("Tensor", "bool", "Tensor[]"):
        return (Arg(TYPES[text], "result"),)
    return parse_args(text, where)


def parse_op(row: dict) -> Op:
    name = row.get("name", "?")
    unknown = set(row) - KNOWN_FIELDS
    if unknown:
        raise TableError(f"{name}: unknown field {sorted(unknown)[0]}")
    kernel = row.get("kernel")
    torch = row.get("torch", name)
    args = parse_args(row.get("args", ""), name)
    parameters = tuple(row.get("parameters", []))
    taken = names_in(parameters)
    every = list(VARIANTS) if kernel == "pointwise" else ["function"]
    op = Op(
        name=name,
        torch=(torch,) if isinstance(torch, str) else tuple(torch),
        args=args,
        returns=parse_returns(row.get("returns", "Tensor"), name),
        variants=tuple(row.get("variants", every)),
        scope=tuple(row.get("scope", ["function", "method"])),
        internal=row.get("internal", False),
        kernel=kernel,
        functor=row.get("functor"),
        rule=row.get("rule"),
        operands=tuple(row.get("operands", [a.name for a in args if a.name not in taken])),
        parameters=parameters,
        check=row.get("check"),
        inplace_check=row.get("inplace_check"),
        inplace_compute=row.get("inplace_compute"),
        out_check=row.get("out_check"),
        out_compute=row.get("out_compute"),
        node=row.get("node"),
        node_inplace=row.get("node_inplace"),
        gradient=dict(row.get("gradient", {})),
        doc=row.get("doc", ""),
        dtype_keyword=row.get("dtype_keyword", False),
        numbers_as_tensors=row.get("numbers_as_tensors", False),
        sample=tuple(row.get("sample", Op.sample)),
        number_edge=row.get("number_edge", False),
        positional=row.get("positional", False),
    )
    validate(op)
    return op


def validate(op: Op) -> None:
    def require(condition: bool, message: str) -> None:
        if not condition:
            raise TableError(f"{op.name}: {message}")

    require(op.kernel in KERNELS, f"kernel must be one of {', '.join(KERNELS)}")
    require(set(op.variants) <= set(VARIANTS), "unknown variant")
    require(set(op.scope) <= set(SCOPES), "unknown scope")
    require(bool(op.doc), "doc is missing")
    require(op.kernel != "pointwise" or bool(op.functor and op.rule), "needs functor and rule")
    require(bool(op.gradient) <= bool(op.node), "a gradient needs the name of its node")
    require(not (op.kernel == "composite" and op.gradient), "a composite has no gradient")
    one = len(op.returns) == 1 and op.returns[0].type is TENSOR
    require(op.kernel != "into" or one, "what writes into a tensor has one result")
    require(len(op.sample) == 2 and op.sample[0] < op.sample[1], "sample is [low, high]")
    lists = any(r.type is TENSORS for r in op.returns)
    require(not lists or op.variants == ("function",), "a list has no other variant")
    for arg in op.options:
        described = f"'{arg.type.word} {arg.name}={arg.default}'"
        require(arg.field is not None, f"{described} cannot be a field of options")
    names = {a.name for a in op.args}
    for name in op.differentiable:
        require(name in names, f"gradient of the unknown argument '{name}'")
    repeated = len(op.differentiable) != len(set(op.differentiable))
    require(not repeated, "an argument has two gradients")
    for key, text in op.gradient.items():
        takes_wanted = bool(re.search(r"\bwanted\b", text))
        require(
            takes_wanted == (len(joint(key)) > 1),
            f"gradient of '{key}': several at once, \
and only those, are told which are wanted",
        )
    several = len(op.returns) > 1
    require(not (several and "inplace" in op.variants), "several results have no in-place form")
    if len(op.differentiable_results) > 1:
        plain = any(re.search(r"\bgrad\b", text) for text in op.gradient.values())
        require(not plain, "with several differentiable results, which one's is `grad`?")
    for name in sorted(names_in(op.operands + op.parameters)):
        require(name in names, f"unknown operand '{name}'")


def load_family(path: Path) -> Family:
    with open(path, "rb") as file:
        content = tomllib.load(file)
    unknown = set(content) - {"title", "op", "enum"}
    if unknown or "title" not in content:
        raise TableError(f"{path.name}: wants a title, rows of [[op]] and of [[enum]], nothing else")
    return Family(path.stem, content["title"], tuple(parse_op(row) for row in content["op"]))


def load_enums(folder: Path = TABLE) -> tuple[Enum, ...]:
    """The words of all families."""
    rows: list[dict] = []
    for path in sorted(folder.glob("*.toml")):
        rows += tomllib.loads(path.read_text()).get("enum", [])
    return tuple(parse_enum(row) for row in rows)


def parse_enum(row: dict) -> Enum:
    name = row.get("name", "?")
    missing = {"name", "words", "doc"} - set(row)
    unknown = set(row) - {"name", "words", "doc", "refusal", "error"}
    if missing or unknown:
        raise TableError(f"enum {name}: wants name, words, doc, and takes refusal and error")
    refusal = row.get("refusal", f"{{}} is not a valid value for {name}")
    error = row.get("error", "ValueError")
    return Enum(name, tuple(row["words"]), row["doc"], refusal, error)


ENUMS = load_enums()
TYPES |= {enum.name: enumeration(enum) for enum in ENUMS}


def load(folder: Path = TABLE) -> list[Family]:
    families = [load_family(path) for path in sorted(folder.glob("*.toml"))]
    seen: set[str] = set()
    for op in all_ops(families):
        if op.name in seen:
            raise TableError(f"{op.name}: named twice")
        seen.add(op.name)
    return families


def all_ops(families: list[Family]) -> list[Op]:
    return [op for family in families for op in family.ops]
