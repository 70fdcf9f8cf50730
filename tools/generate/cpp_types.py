"""How the table's types look in the library's C++."""

from __future__ import annotations

from model import Arg, Op


def parameters(args: tuple[Arg, ...], extra: str = "") -> str:
    parts = [f"{a.type.core.parameter} {a.name}" for a in args]
    return ", ".join(parts + ([extra] if extra else []))


def result_type(op: Op) -> str:
    if op.returns_bool:
        return "bool"
    if op.returns_list:
        return "std::vector<Tensor>"
    if len(op.returns) == 1:
        return "Tensor"
    return "std::tuple<" + ", ".join(["Tensor"] * len(op.returns)) + ">"


def signature(op: Op, variant: str) -> str:
    name = op.variant_name(variant)
    args = op.args_of(variant)
    if variant == "function":
        return f"{result_type(op)} {name}({parameters(args)})"
    if variant == "inplace":
        return f"void {name}({parameters(args)})"
    outs = ", ".join(f"const Tensor& {out_name(op, r)}" for r in op.returns)
    return f"void {name}({parameters(args, outs)})"


def out_name(op: Op, result: Arg) -> str:
    return "out" if len(op.returns) == 1 else result.name


def compute_signature(op: Op) -> str:
    """The hand-written function behind an operation of kernel `compute` or `view`."""
    if "function" not in op.variants:
        return f"void {op.name}_({parameters(op.args)})"
    return f"{result_type(op)} {op.name}({parameters(op.args)})"


def infer_signature(op: Op) -> str:
    """What says what the result of an operation of kernel `into` is."""
    return f"ResultMeta infer_{op.name}({parameters(op.args)})"


def into_signature(op: Op) -> str:
    """What writes the result of an operation of kernel `into`."""
    return f"void {op.name}_into(const Tensor& out, {parameters(op.args)})"


def count_signature(op: Op) -> str:
    """The hand-written function that says how many results an operation's list has."""
    return f"int64_t {op.name}_count({parameters(op.args)})"
