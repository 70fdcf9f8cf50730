"""Writes the Rust crate's declarations of the C functions, and the methods of its Tensor."""

from __future__ import annotations

import re
import textwrap

import c_headers
import emit_api
from cpp_types import out_name
from emit_c import c_header, shown_default
from model import ENUMS, Arg, Family, Op
from text import comment_block, header
from vocabulary import OPTIONS, TENSOR_OPTIONS

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
    lines += ["", *(f"pub type {enum.c_type} = i32;" for enum in ENUMS)]
    lines += [*constants(), "", 'extern "C" {']
    for function in c_headers.functions():
        lines += declaration(function)
    return "\n".join([*lines, "}", ""])


def declarations(family: Family) -> str:
    """ffi/ops/<family>.rs."""
    text = c_header(family)
    words = [enum.c_type for enum in ENUMS if re.search(rf"\b{enum.c_type}\b", text)]
    lines = [header().rstrip(), "", *(f"use crate::ffi::functions::{word};" for word in words)]
    lines += ["use crate::ffi::types::*;", ""]
    for struct in emit_api.structs(emit_api.plain(text)):
        lines += struct_declaration(struct)
    lines.append('extern "C" {')
    for function in c_headers.parse_functions(text):
        lines += declaration(function)
    return "\n".join([*lines, "}", ""])


def struct_declaration(struct: dict) -> list[str]:
    fields = [f"    pub {item(f['name'])}: {c_type(f['type'])}," for f in struct["fields"]]
    head = f"pub struct {struct['name']} {{"
    return ["#[repr(C)]", "#[derive(Clone, Copy)]", head, *fields, "}", ""]


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
    args = op.given(variant)
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
    arguments = [part for a in op.given(variant) for part in passed(op, a).split(", ")]
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
    lifetime = "<'a>" if op.options and has_lifetime(op) else ""
    head = f"    pub fn {name_of(op, variant)}{lifetime}("
    lines = block(head, parameters(op, variant), f") -> {result_type(op, variant)} {{")
    if op.options:
        lines += raw_options(op)
    for arg in op.given(variant):
        if arg.type.rust.prepared:
            lines.append("        " + arg.type.rust.prepared.format(argument_name(op, arg)))
    return [*lines, *call(op, variant), "    }", ""]


def has_lifetime(op: Op) -> bool:
    return any(field.has_lifetime for field in op.fields)


def raw_options(op: Op) -> list[str]:
    """Statements: what lives until the C function returns."""
    if TENSOR_OPTIONS not in field_names(op):
        return ["        let raw = options.into().raw();"]
    return [
        "        let options = options.into();",
        f"        let {TENSOR_OPTIONS} = options.{TENSOR_OPTIONS}.raw();",
        f"        let raw = options.raw(&{TENSOR_OPTIONS});",
    ]


def field_names(op: Op) -> list[str]:
    return [TENSOR_OPTIONS if arg.type is OPTIONS else item(arg.name) for arg in op.options]


PLAIN_DEFAULTS = ("0", "0.0", "false", "None", "&[]", "Default::default()")
"""The values that Rust itself gives as defaults."""


def options_struct(op: Op) -> list[str]:
    """The operation's options, their defaults, and the C struct of them."""
    kind = op.options_arg.type.core.member
    names, fields = field_names(op), op.fields
    generic = "<'a>" if has_lifetime(op) else ""
    anonymous = "<'_>" if generic else ""
    derived = all(field.rust_default in PLAIN_DEFAULTS for field in fields)
    traits = "Clone, Copy, Debug" + (", Default" if derived else "")
    lines = [f"/// The options of `{name_of(op, op.variants[0])}`; `()` stands for the defaults."]
    lines += [f"#[derive({traits})]", f"pub struct {kind}{generic} {{"]
    pairs = list(zip(names, fields, strict=True))
    for arg, (name, field) in zip(op.options, pairs, strict=True):
        shown = shown_default(arg.default or "as the function sees fit").replace("NULL", "none")
        shown = f"`{shown}`" if shown == "[]" else shown  # no link
        lines += [f"    /// By default {shown}.", f"    pub {name}: {field.rust},"]
    lines += ["}", ""]
    if not derived:
        lines += [f"impl Default for {kind}{anonymous} {{", "    fn default() -> Self {"]
        values = [f"{name}: {field.rust_default}" for name, field in pairs]
        lines += literal("        ", f"{kind}", values) + ["    }", "}", ""]
    lines += [f"impl From<()> for {kind}{anonymous} {{", "    fn from(_: ()) -> Self {"]
    lines += ["        Self::default()", "    }", "}", ""]
    raw = f"ffi::{op.options_arg.type.word}"
    values = [f"struct_size: std::mem::size_of::<{raw}>()"]
    for name, field in pairs:
        values += [shorthand(n.format(name), v.format(name)) for n, v in field.rust_raw]
    extra = f", {TENSOR_OPTIONS}: &ffi::tensor_options_t" if TENSOR_OPTIONS in names else ""
    lines += [f"impl {kind}{anonymous} {{", f"    fn raw(&self{extra}) -> {raw} {{"]
    return [*lines, *literal("        ", raw, values), "    }", "}", ""]


def shorthand(name: str, value: str) -> str:
    return name if name == value else f"{name}: {value}"


def literal(margin: str, kind: str, values: list[str]) -> list[str]:
    """A struct's value as rustfmt breaks it."""
    line = f"{margin}{kind} {{ {', '.join(values)} }}"
    if fits(line):
        return [line]
    return [f"{margin}{kind} {{", *[f"{margin}    {value}," for value in values], f"{margin}}}"]


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
    structs = [line for op in family.public if op.options for line in options_struct(op)]
    lines = [header().rstrip(), "", *imports("\n".join([*body, *structs])), ""]
    lines += [f"/// {family.title}, under the names of the C functions without `tensor_`."]
    lines += ["#[allow(clippy::too_many_arguments)]", "impl Tensor {", *body[:-1], "}", ""]
    return "\n".join([*lines, *structs])


def modules(families: list[Family]) -> str:
    lines = [header().rstrip(), "//! The operations as methods of Tensor, a file for each family."]
    lines += ["", *(f"mod {family.name};" for family in families), ""]
    for family in families:
        kinds = [op.options_arg.type.core.member for op in family.public if op.options]
        lines += exports(f"pub use {family.name}::", sorted(kinds))
    return "\n".join([*lines, ""])


def exports(head: str, names: list[str]) -> list[str]:
    """`pub use` of some names, as many to a line as fit."""
    listed = names[0] if len(names) == 1 else f"{{{', '.join(names)}}}"
    if not names or fits(f"{head}{listed};"):
        return [f"{head}{listed};"] if names else []
    inner = textwrap.wrap(", ".join(names) + ",", 96)
    return [f"{head}{{", *[f"    {line}" for line in inner], "};"]


def imports(body: str) -> list[str]:
    """What the methods use; rustc refuses what they do not."""
    body = re.sub(r"^\s*///.*$", "", body, flags=re.MULTILINE)

    def used(names: tuple[str, ...]) -> str:
        return ", ".join(name for name in names if re.search(rf"\b{name}\b", body))

    helpers = used(
        ("check", "optional_bool", "optional_double", "optional_int64", "own", "own_list", "own_pair",
         "raw_list", "raw_or_null", "read")
    )  # fmt: skip
    words = tuple(enum.class_name for enum in ENUMS)
    types = used(tuple(sorted((*words, "DType", "Device", "Options", "Result", "Scalar", "Tensor"))))
    return [f"use crate::call::{{{helpers}}};", "use crate::ffi;", f"use crate::{{{types}}};"]
