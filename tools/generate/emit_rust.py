"""Writes the Rust crate's declarations of the C functions, and the methods of its Tensor."""

from __future__ import annotations

import re

import c_headers
from cpp_types import out_name
from emit_c import c_header
from model import Arg, Family, Op
from text import comment_block, header

C_WORDS = {
    "int64_t": "i64",
    "int32_t": "i32",
    "uint64_t": "u64",
    "uint32_t": "u32",
    "size_t": "usize",
    "double": "f64",
    "float": "f32",
    "char": "c_char",
    "void": "c_void",
}
KEYWORDS = {"where", "match", "type", "move", "in", "loop", "ref", "mod", "fn"}
# Rust gives this name another meaning: a second handle of the same tensor.
RENAMED = {"clone": "deep_clone"}


def fits(line: str) -> bool:
    return len(line) <= 100


# ---- declarations


def c_type(text: str) -> str:
    """A C type in Rust's words: `const int64_t*` is `*const i64`."""
    callback = re.fullmatch(r"(.+) \(\*\)\((.*)\)", text)
    if callback:
        parts = [c_headers.parse_parameter(p) for p in c_headers.split_parameters(callback[2])]
        arguments = ", ".join(f"{p.name}: {pointer_to_const_pointer(p.type)}" for p in parts)
        return f'Option<unsafe extern "C" fn({arguments}){result(callback[1])}>'
    if text.endswith("*"):
        inner = text.removesuffix("*").rstrip()
        if inner.startswith("const ") and "*" not in inner:
            return f"*const {c_type(inner.removeprefix('const '))}"
        return f"*mut {c_type(inner)}"
    if text.endswith("* const"):
        return c_type(text.removesuffix(" const"))
    return C_WORDS.get(text, text)


def pointer_to_const_pointer(text: str) -> str:
    """`tensor_t* const*`: the const is about what the last star points to."""
    if text.endswith("* const*"):
        return f"*const {c_type(text.removesuffix(' const*'))}"
    return c_type(text)


def result(text: str) -> str:
    return "" if text == "void" else f" -> {c_type(text)}"


def item(name: str) -> str:
    """A name that Rust lets us use."""
    if name == "self":
        return "this"
    return f"r#{name}" if name in KEYWORDS else name


def declaration(function: c_headers.Function) -> list[str]:
    parts = [f"{item(p.name)}: {pointer_to_const_pointer(p.type)}" for p in function.parameters]
    head, returned = f"    pub fn {function.name}(", result(function.result)
    whole = head + ", ".join(parts) + ")"
    if len(whole + returned + ";") == 100:  # rustfmt does not count on room for the semicolon
        return [whole, f"       {returned};"]
    return block(head, parts, f"){returned};")


def block(head: str, parts: list[str], tail: str) -> list[str]:
    """One line where it fits, else a line for each part, as rustfmt has it."""
    line = head + ", ".join(parts) + tail
    if fits(line):
        return [line]
    margin = " " * (len(head) - len(head.lstrip()))
    inner = [line for part in parts for line in broken(f"{margin}    {part},")]
    return [head, *inner, margin + tail]


def broken(line: str) -> list[str]:
    """A parameter in lines that fit: a callback gets lines of its own, then its parameters do."""
    pattern = r"( *)(.*Option<)(unsafe extern \"C\" fn\()(.*)(\).*)>,"
    callback = re.fullmatch(pattern, line)
    if fits(line) or not callback:
        return [line]
    margin, option, head, arguments, tail = callback.groups()
    inner = block(f"{margin}    {head}", arguments.split(", "), f"{tail},")
    return [margin + option, *inner, f"{margin}>,"]


def constants() -> list[str]:
    lines = []
    for constant in c_headers.constants():
        lines.append(f"pub const {constant.name}: i32 = {constant.value};")
    return lines


def native(_: list[Family]) -> str:
    """ffi/functions.rs: the hand-written C functions and the enumerators."""
    lines = [header().rstrip(), "", "use super::types::*;", "use std::os::raw::{c_char, c_void};"]
    lines += ["", *constants(), "", 'extern "C" {']
    for function in c_headers.functions():
        lines += declaration(function)
    return "\n".join([*lines, "}", ""])


def declarations(family: Family) -> str:
    """ffi/ops/<family>.rs."""
    lines = [header().rstrip(), "", "use crate::ffi::types::*;", "", 'extern "C" {']
    for function in c_headers.parse_functions(c_header(family)):
        lines += declaration(function)
    return "\n".join([*lines, "}", ""])


def declaration_modules(families: list[Family]) -> str:
    lines = [header().rstrip(), "// The operations, a file for each family of the table.", ""]
    lines += [f"mod {family.name};" for family in families] + [""]
    lines += [f"pub use {family.name}::*;" for family in families]
    return "\n".join([*lines, ""])


# ---- methods


def name_of(op: Op, variant: str) -> str:
    name = RENAMED.get(op.name, op.name) + {"function": "", "inplace": "_", "out": "_out"}[variant]
    return item(name)


def argument_name(op: Op, arg: Arg) -> str:
    return "self" if arg is op.receiver else item(arg.name)


def passed(op: Op, arg: Arg) -> str:
    return arg.type.rust.passed.format(argument_name(op, arg))


def parameters(op: Op, variant: str) -> list[str]:
    args = op.args_of(variant)
    parts = [f"{argument_name(op, a)}: {a.type.rust.parameter}" for a in args]
    if op.receiver:
        parts[0] = "&mut self" if variant == "inplace" else "&self"
    if variant == "out":
        parts += [f"{out_name(op, r)}: &mut Tensor" for r in op.returns]
    return parts


def result_type(op: Op, variant: str) -> str:
    if variant == "inplace":
        return "Result<&mut Tensor>"
    if variant == "out":
        return "Result<()>"
    if op.returns_bool:
        return "Result<bool>"
    if op.returns_list:
        return "Result<Vec<Tensor>>"
    if len(op.returns) == 1:
        return "Result<Tensor>"
    return f"Result<({', '.join(['Tensor'] * len(op.returns))})>"


def call(op: Op, variant: str) -> list[str]:
    """The call itself, as the closure or the argument that the helpers of call.rs take."""
    arguments = [part for a in op.args_of(variant) for part in passed(op, a).split(", ")]
    name = f"ffi::tensor_{op.variant_name(variant)}"
    if variant == "inplace":
        return wrapped("check(", name, arguments, ")?;") + ["        Ok(self)"]
    if variant == "out":
        arguments += [f"{out_name(op, r)}.raw()" for r in op.returns]
        return wrapped("check(", name, arguments, ")")
    if op.returns_list:
        outs = ["out", "capacity", "count"]
        return wrapped(f"own_list(|{', '.join(outs)}| ", name, arguments + outs, ")")
    outs = [out_name(op, r) for r in op.returns]
    helper = "read" if op.returns_bool else {1: "own", 2: "own_pair"}[len(outs)]
    return wrapped(f"{helper}(|{', '.join(outs)}| ", name, arguments + outs, ")")


def wrapped(head: str, name: str, arguments: list[str], tail: str) -> list[str]:
    line = f"        {head}unsafe {{ {name}({', '.join(arguments)}) }}{tail}"
    if fits(line):
        return [line]
    inner = block(f"            {name}(", arguments, ")")
    return [f"        {head}unsafe {{", *inner, f"        }}{tail}"]


def method(op: Op, variant: str) -> list[str]:
    head = f"    pub fn {name_of(op, variant)}("
    lines = block(head, parameters(op, variant), f") -> {result_type(op, variant)} {{")
    for arg in op.args_of(variant):
        if arg.type.rust.prepared:
            lines.append("        " + arg.type.rust.prepared.format(argument_name(op, arg)))
    return [*lines, *call(op, variant), "    }", ""]


def documentation(op: Op, variant: str) -> list[str]:
    text = op.doc
    if variant != op.variants[0]:
        where = {"inplace": "in place", "out": "into a given tensor"}[variant]
        text = f"As `{name_of(op, op.variants[0])}`, {where}."
    # A bracket in a sentence is no link.
    text = re.sub(r"\[", r"\\[", text).replace("]", r"\]")
    return comment_block(text, "    /// ").split("\n")


def methods(family: Family) -> str:
    body = []
    for op in family.public:
        for variant in op.variants:
            body += documentation(op, variant) + method(op, variant)
    lines = [header().rstrip(), "", *imports("\n".join(body)), ""]
    lines += [f"/// {family.title}, under the names of the C functions without `tensor_`."]
    lines += ["#[allow(clippy::too_many_arguments)]", "impl Tensor {"]
    return "\n".join([*lines, *body[:-1], "}", ""])


def modules(families: list[Family]) -> str:
    lines = [header().rstrip(), "//! The operations as methods of Tensor, a file for each family."]
    return "\n".join([*lines, "", *(f"mod {family.name};" for family in families), ""])


def imports(body: str) -> list[str]:
    """What the methods use; rustc refuses what they do not."""
    body = re.sub(r"^\s*///.*$", "", body, flags=re.MULTILINE)

    def used(names: tuple[str, ...]) -> str:
        return ", ".join(name for name in names if re.search(rf"\b{name}\b", body))

    helpers = used(("check", "own", "own_list", "own_pair", "raw_list", "raw_or_null", "read"))
    types = used(("DType", "Device", "Options", "Reduction", "Result", "Scalar", "Tensor"))
    return [f"use crate::call::{{{helpers}}};", "use crate::ffi;", f"use crate::{{{types}}};"]
