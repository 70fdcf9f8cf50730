"""The kinds of arguments that the table knows, each with everything about it in every language.

A kind is one `Type`. Its texts are patterns: {0} stands for the argument's name, {1} for that of a
list's length. A new word of the table is an entry of TYPES, and nothing elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial


@dataclass(frozen=True)
class Core:
    """The library's own C++: a parameter, and what a graph node stores of it."""

    parameter: str
    member: str
    saved: str = "{0}"  # the value that is stored


@dataclass(frozen=True)
class C:
    """The C ABI: the parameters (a list has two), and how the library's value is had of them."""

    parameters: str
    argument: str = "{0}"


@dataclass(frozen=True)
class Hpp:
    """The C++ wrapper: the parameter, what the C function is given, defaults that differ from
    Python's."""

    parameter: str
    passed: str = "{0}"
    literals: dict[str, str] = field(default_factory=dict, hash=False)

    def literal(self, text: str) -> str:
        """A default of the table as C++ writes it."""
        return self.literals.get(text, text)


@dataclass(frozen=True)
class Rust:
    """The crate: `prepared` is a statement whose value lives until the C function returns."""

    parameter: str
    passed: str = "{0}"
    prepared: str = ""


@dataclass(frozen=True)
class Go:
    """The module: the parameter, the value that cgo passes, and the parameter and argument of the C
    function between, which sees handles as integers, so that Go's collector never looks at them."""

    parameter: str
    passed: str
    shim: str
    shim_argument: str = "{0}"
    prepared: str = ""  # a statement before the call
    checked: str = ""  # such a statement that gives an `err` as well
    used: str = ""  # what is `done()` when the call has returned


@dataclass(frozen=True)
class Field:
    """An argument as a field of its operation's options, where zeros stand for the default.

    In `read`, `given` is the struct that the library got and {1} the default, as C++ over the
    arguments. A wrapper's `raw` texts write the C struct: statements, in Rust each field's value.
    In Go's texts {0} is the name that C has and {1} the field of the options.
    """

    c: tuple[tuple[str, str], ...]  # type and name
    read: str
    python: str  # how Python's _options.py fills it
    hpp: str  # the type
    hpp_default: str
    hpp_raw: str
    rust: str
    rust_default: str
    rust_raw: tuple[tuple[str, str], ...]
    go: str
    go_passed: str
    shim: str
    shim_raw: str
    go_checked: str = ""
    go_used: str = ""

    @property
    def has_lifetime(self) -> bool:
        return "'a" in self.rust


@dataclass(frozen=True)
class Test:
    """What the tests that are made from rows give: `value`, or the row's default in `pattern`."""

    value: str
    pattern: str = ""


@dataclass(frozen=True)
class Type:
    """One kind of argument."""

    word: str
    core: Core
    c: C
    hpp: Hpp
    rust: Rust
    go: Go
    field: Callable[[str], Field | None] = lambda default: None  # of a default; None: no option
    test: Test | None = None
    handles: bool = False  # made of tensors' handles
    is_list: bool = False

    @property
    def is_tensor(self) -> bool:
        """One tensor, which may be absent."""
        return self.handles and not self.is_list


def is_literal(default: str) -> bool:
    """A value that every language writes; else it is None, or C++ over the other arguments."""
    return default in ("False", "True") or bool(re.fullmatch(r"-?[\d.e+-]+", default))


def number_field(core: str, rust: str, go: str, default: str) -> Field:
    """A number: itself where its default is 0 or false, else one that may be absent."""
    zero = default in ("0", "0.0", "False")
    word = core.removesuffix("_t")
    plain = Field(
        c=((core, "{0}"),),
        read="given.{0}",
        python=word,
        hpp=core,
        hpp_default=default.lower(),
        hpp_raw="result.{0} = options.{0};",
        rust=rust,
        rust_default=default.lower(),
        rust_raw=(("{0}", "self.{0}"),),
        go=go,
        go_passed=f"C.{core}({{1}})",
        shim=f"{core} {{0}}",
        shim_raw="options.{0} = {0};",
    )
    if zero:
        return plain
    known = is_literal(default)
    value = "Some(self.{0})" if known else "self.{0}"
    return replace(
        plain,
        c=((f"tensor_optional_{word}_t", "{0}"),),
        read="value_or(given.{0}, {1})",
        python=f"{word}?",
        hpp=core if known else f"Optional<{core}>",
        hpp_default=default.lower() if known else "",
        hpp_raw="result.{0} = raw_optional(options.{0});",
        rust=rust if known else f"Option<{rust}>",
        rust_default=default.lower() if known else "None",
        rust_raw=(("{0}", f"optional_{word}({value})"),),
        go=f"*{go}",
        go_passed=f"C.bool({{1}} != nil), C.{core}(valueOf({{1}}))",
        shim=f"bool has_{{0}}, {core} {{0}}",
        shim_raw="options.{0}.has_value = has_{0}; options.{0}.value = {0};",
    )


def scalar_field(default: str) -> Field | None:
    if not is_literal(default):
        return None
    return Field(
        c=(("tensor_scalar_t", "{0}"),),
        read='scalar_or(given.{0}, {1}, "options.{0}")',
        python="scalar",
        hpp="Scalar",
        hpp_default=default,
        hpp_raw="result.{0} = options.{0}.raw();",
        rust="Scalar",
        rust_default=f"Scalar::Int({default})",
        rust_raw=(("{0}", "self.{0}.raw()"),),
        go="Scalar",
        go_passed="{0}Scalar",
        shim="tensor_scalar_t {0}",
        shim_raw="options.{0} = {0};",
        go_checked="{0}Scalar, err := optionalScalarOf({1})",
    )


def list_field(default: str) -> Field | None:
    if default != "[]":
        return None
    return Field(
        c=(("const int64_t*", "{0}"), ("size_t", "{0}_count")),
        read='list_of(given.{0}, given.{0}_count, "options.{0}")',
        python="list",
        hpp="IntList",
        hpp_default="",
        hpp_raw="result.{0} = options.{0}.data(); result.{0}_count = options.{0}.size();",
        rust="&'a [i64]",
        rust_default="&[]",
        rust_raw=(("{0}", "self.{0}.as_ptr()"), ("{0}_count", "self.{0}.len()")),
        go="[]int64",
        go_passed="firstInt({1}), C.size_t(len({1}))",
        shim="const int64_t* {0}, size_t {0}_count",
        shim_raw="options.{0} = {0}; options.{0}_count = {0}_count;",
    )


def handle_field(default: str) -> Field | None:
    if default != "None":
        return None
    return Field(
        c=(("const tensor_t*", "{0}"),),
        read='optional_tensor_of(given.{0}, "options.{0}")',
        python="handle",
        hpp="Tensor",
        hpp_default="",
        hpp_raw="result.{0} = options.{0}.handle();",
        rust="Option<&'a Tensor>",
        rust_default="None",
        rust_raw=(("{0}", "raw_or_null(self.{0})"),),
        go="*Tensor",
        go_passed="{1}.use()",
        shim="uintptr_t {0}",
        shim_raw="options.{0} = go_handle({0});",
        go_used="{1}",
    )


def dtype_field(default: str) -> Field:
    """TENSOR_DTYPE_DEFAULT stands for the default."""
    return Field(
        c=(("tensor_dtype_t", "{0}"),),
        read='dtype_or(given.{0}, {1}, "options.{0}")',
        python="dtype",
        hpp="Optional<DType>",
        hpp_default="",
        hpp_raw="result.{0} = options.{0} ? raw(*options.{0}) : TENSOR_DTYPE_DEFAULT;",
        rust="Option<DType>",
        rust_default="None",
        rust_raw=(("{0}", "self.{0}.map_or(ffi::TENSOR_DTYPE_DEFAULT, DType::raw)"),),
        go="DType",
        go_passed="C.tensor_dtype_t({1})",
        shim="tensor_dtype_t {0}",
        shim_raw="options.{0} = {0};",
    )


def optional_dtype_field(default: str) -> Field | None:
    if default != "None":
        return None
    return replace(dtype_field(default), read='optional_dtype_of(given.{0}, "options.{0}")')


def device_field(default: str) -> Field:
    """TENSOR_DEVICE_DEFAULT stands for the default."""
    return Field(
        c=(("tensor_device_t", "{0}"),),
        read='device_or(given.{0}, {1}, "options.{0}")',
        python="device",
        hpp="Device",
        hpp_default="",
        hpp_raw="result.{0} = options.{0}.raw();",
        rust="Option<Device>",
        rust_default="None",
        rust_raw=(("{0}", "self.{0}.map_or(Device::UNSET, Device::raw)"),),
        go="Device",
        go_passed="{1}.raw()",
        shim="tensor_device_t {0}",
        shim_raw="options.{0} = {0};",
    )


@dataclass(frozen=True)
class Enum:
    """A row [[enum]] of the table: words of which an argument is one."""

    name: str
    words: tuple[str, ...]  # in the order of their numbers in C; the first is the default
    doc: str
    refusal: str  # what Python says of another word, {}
    error: str  # and the class of that exception

    @property
    def class_name(self) -> str:
        return camel(self.name)

    @property
    def c_type(self) -> str:
        return f"tensor_{self.name}_t"

    @property
    def names(self) -> list[str]:
        return [camel(word) for word in self.words]

    @property
    def constants(self) -> list[str]:
        return [f"TENSOR_{self.name}_{word}".upper() for word in self.words]


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def word_field(enum: Enum, default: str) -> Field | None:
    """One of an enumeration's words, where that which C numbers 0 is the default."""
    if default.strip("'") != enum.words[0]:
        return None
    name = enum.class_name
    return Field(
        c=((enum.c_type, "{0}"),),
        read=f'{enum.name}_of(given.{{0}}, "{{0}}")',  # as PyTorch's message names it
        python=enum.name,
        hpp=name,
        hpp_default=f"{name}::{enum.names[0]}",
        hpp_raw="result.{0} = raw(options.{0});",
        rust=name,
        rust_default="Default::default()",
        rust_raw=(("{0}", "self.{0}.raw()"),),
        go=name,
        go_passed=f"C.{enum.c_type}({{1}})",
        shim=f"{enum.c_type} {{0}}",
        shim_raw="options.{0} = {0};",
    )


TENSOR_OPTIONS = "tensor"
"""The field of an operation's options that says how its result is made."""


def number(word: str, core: str, rust: str, go: str, test: str) -> Type:
    """A plain number, passed by value in every language."""
    return Type(
        word,
        core=Core(core, core),
        c=C(f"{core} {{0}}"),
        hpp=Hpp(f"{core} {{0}}", literals={"False": "false", "True": "true"}),
        rust=Rust(rust),
        go=Go(go, f"C.{core}({{0}})", f"{core} {{0}}"),
        field=partial(number_field, core, rust, go),
        test=Test(test, "{0}"),
    )


def integers(word: str, reader: str, test: Test | None = None) -> Type:
    """A list of int64. `reader` says which lists the library takes."""
    return Type(
        word,
        core=Core("Span", "Dims", "Dims({0})"),
        c=C("const int64_t* {0}, size_t {1}", f'{reader}({{0}}, {{1}}, "{{0}}")'),
        hpp=Hpp("const IntList& {0}", "{0}.data(), {0}.size()", {"[]": "IntList()"}),
        rust=Rust("&[i64]", "{0}.as_ptr(), {0}.len()"),
        go=Go(
            "[]int64",
            "firstInt({0}), C.size_t(len({0}))",
            "const int64_t* {0}, size_t {0}_count",
            "{0}, {0}_count",
        ),
        field=list_field if reader == "list_of" else lambda default: None,
        test=test,
        is_list=True,
    )


def enumeration(enum: Enum) -> Type:
    """One of some words."""
    name = enum.class_name
    quoted = (f"'{word}'" for word in enum.words)
    literals = {word: f"{name}::{shown}" for word, shown in zip(quoted, enum.names, strict=True)}
    return Type(
        enum.name,
        core=Core(name, name),
        c=C(f"{enum.c_type} {{0}}", f'{enum.name}_of({{0}}, "{{0}}")'),
        hpp=Hpp(f"{name} {{0}}", "raw({0})", literals),
        rust=Rust(name, "{0}.raw()"),
        go=Go(name, f"C.{enum.c_type}({{0}})", f"{enum.c_type} {{0}}"),
        field=partial(word_field, enum),
        test=Test(enum.constants[0]),
    )


def optional(base: Type) -> Type:
    """A handle that may be absent: NULL."""
    return replace(
        base,
        word=f"{base.word}?",
        c=replace(base.c, argument=f"optional_{base.c.argument}"),
        hpp=replace(base.hpp, literals={"None": f"{base.word}()"}),
        rust=Rust(f"Option<{base.rust.parameter}>", "raw_or_null({0})"),
        field=handle_field,
        test=Test("nullptr"),
    )


TENSOR = Type(
    "Tensor",
    core=Core("const Tensor&", "const Tensor&"),
    c=C("const tensor_t* {0}", 'tensor_of({0}, "{0}")'),
    hpp=Hpp("const Tensor& {0}", "{0}.handle()"),
    rust=Rust("&Tensor", "{0}.raw()"),
    go=Go("*Tensor", "{0}.use()", "uintptr_t {0}", "go_handle({0})", used="{0}"),
    handles=True,
)

TENSORS = Type(
    "Tensor[]",
    core=Core("std::span<const Tensor>", "std::span<const Tensor>"),
    c=C("tensor_t* const* {0}, size_t {1}", 'TensorList({0}, {1}, "{0}")'),
    hpp=Hpp("const std::vector<Tensor>& {0}", "detail::handles({0}).data(), {0}.size()"),
    rust=Rust("&[&Tensor]", "{0}.as_ptr(), {0}.len()", "let {0} = raw_list({0});"),
    go=Go(
        "[]*Tensor",
        "firstHandle({0}Used.handles), C.size_t(len({0}Used.handles))",
        "const uintptr_t* {0}, size_t {0}_count",
        "(tensor_t* const*){0}, {0}_count",
        prepared="{0}Used := useAll({0})",
        used="{0}Used",
    ),
    handles=True,
    is_list=True,
)

SCALAR = Type(
    "Scalar",
    core=Core("Scalar", "Scalar"),
    c=C("tensor_scalar_t {0}", 'scalar_of({0}, "{0}")'),
    hpp=Hpp("const Scalar& {0}", "{0}.raw()"),
    rust=Rust("impl Into<Scalar>", "{0}.into().raw()"),
    go=Go("Scalar", "{0}Scalar", "tensor_scalar_t {0}", checked="{0}Scalar, err := scalarOf({0})"),
    field=scalar_field,
    test=Test("number(0.7)", "number({0})"),
)

DTYPE = Type(
    "dtype",
    core=Core("DType", "DType"),
    c=C("tensor_dtype_t {0}", 'named_dtype_of({0}, "{0}")'),
    hpp=Hpp("DType {0}", "raw({0})"),
    rust=Rust("DType", "{0}.raw()"),
    go=Go("DType", "C.tensor_dtype_t({0})", "tensor_dtype_t {0}"),
    field=dtype_field,
)

OPTIONAL_DTYPE = replace(
    DTYPE,
    word="dtype?",
    core=Core("std::optional<DType>", "std::optional<DType>"),
    field=optional_dtype_field,
)

DEVICE = Type(
    "device",
    core=Core("Device", "Device"),
    c=C("tensor_device_t {0}", 'device_of({0}, "{0}")'),
    hpp=Hpp("const Device& {0}", "{0}.raw()"),
    rust=Rust("Device", "{0}.raw()"),
    go=Go("Device", "{0}.raw()", "tensor_device_t {0}"),
    field=device_field,
)

OPTIONS = Type(
    "options",
    core=Core("const Options&", "const Options&"),
    c=C("const tensor_options_t* {0}", "options_of({0})"),
    hpp=Hpp("const Options& {0}", "{0}.raw()"),
    rust=Rust("impl Into<Options>", "&{0}", "let {0} = {0}.into().raw();"),
    go=Go("...Option", "optionsOf({0})", "tensor_options_t {0}", "&{0}"),
    field=lambda _: Field(
        c=(("const tensor_options_t*", TENSOR_OPTIONS),),
        read=f"options_of(given.{TENSOR_OPTIONS})",
        python="options",
        hpp="Options",
        hpp_default="",
        hpp_raw=f"result.{TENSOR_OPTIONS} = options.{TENSOR_OPTIONS}.raw();",
        rust="Options",
        rust_default="Default::default()",
        rust_raw=((TENSOR_OPTIONS, f"{TENSOR_OPTIONS}"),),
        go="[]Option",
        go_passed="optionsOf({1})",
        shim=f"tensor_options_t {TENSOR_OPTIONS}",
        shim_raw=f"options.{TENSOR_OPTIONS} = &{TENSOR_OPTIONS};",
    ),
)

TYPES = {
    item.word: item
    for item in (
        TENSOR,
        optional(TENSOR),
        TENSORS,
        SCALAR,
        number("int", "int64_t", "i64", "int64", "1"),
        number("float", "double", "f64", "float64", "0.5"),
        number("bool", "bool", "bool", "bool", "false"),
        integers("shape", "span_of"),
        integers("dims", "list_of", Test("std::vector<int64_t>{0}.data(), 1")),
        DTYPE,
        OPTIONAL_DTYPE,
        DEVICE,
        OPTIONS,
    )
}


def options_type(operation: str, has_lifetime: bool) -> Type:
    """The options of an operation as an argument; each emitter unpacks them in its own way."""
    name = camel(operation) + "Options"
    c_name = f"const tensor_{operation}_options_t*"
    lifetime = "<'a>" if has_lifetime else ""
    return Type(
        c_name.removeprefix("const ").removesuffix("*"),
        core=Core(name, name),
        c=C(f"{c_name} {{0}}"),
        hpp=Hpp(f"const {name}& {{0}}", "detail::address(detail::raw_of({0}))"),
        rust=Rust(f"impl Into<{name}{lifetime}>", "&raw"),
        go=Go(f"...{name}", "", ""),
    )
