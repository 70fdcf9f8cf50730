"""The kinds of arguments that the table knows, each with everything about it in every language.

A kind is one `Type`. Its texts are patterns: {0} stands for the argument's name, {1} for that of a
list's length. A new word of the table is an entry of TYPES, and nothing elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace


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
    test: Test | None = None
    handles: bool = False  # made of tensors' handles
    is_list: bool = False

    @property
    def is_tensor(self) -> bool:
        """One tensor, which may be absent."""
        return self.handles and not self.is_list


def number(word: str, core: str, rust: str, go: str, test: str) -> Type:
    """A plain number, passed by value in every language."""
    return Type(
        word,
        core=Core(core, core),
        c=C(f"{core} {{0}}"),
        hpp=Hpp(f"{core} {{0}}", literals={"False": "false", "True": "true"}),
        rust=Rust(rust),
        go=Go(go, f"C.{core}({{0}})", f"{core} {{0}}"),
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
        test=test,
        is_list=True,
    )


def enumeration(word: str, test: str) -> Type:
    """One of some words, which the C header numbers: `tensor_<word>_t`."""
    name = "".join(part.capitalize() for part in word.split("_"))
    return Type(
        word,
        core=Core(name, name),
        c=C(f"tensor_{word}_t {{0}}", f'{word}_of({{0}}, "{{0}}")'),
        hpp=Hpp(f"{name} {{0}}", "raw({0})", Words(name)),
        rust=Rust(name, "{0}.raw()"),
        go=Go(name, f"C.tensor_{word}_t({{0}})", f"tensor_{word}_t {{0}}"),
        test=Test(test),
    )


class Words(dict):
    """The C++ enumerators of quoted words: 'mean' is Reduction::Mean."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def get(self, text: str, _: object = None) -> str:
        return f"{self.name}::{text.strip(chr(39)).capitalize()}"


def optional(base: Type) -> Type:
    """A handle that may be absent: NULL."""
    return replace(
        base,
        word=f"{base.word}?",
        c=replace(base.c, argument=f"optional_{base.c.argument}"),
        hpp=replace(base.hpp, literals={"None": f"{base.word}()"}),
        rust=Rust(f"Option<{base.rust.parameter}>", "raw_or_null({0})"),
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
    test=Test("number(0.7)", "number({0})"),
)

DTYPE = Type(
    "dtype",
    core=Core("DType", "DType"),
    c=C("tensor_dtype_t {0}", 'named_dtype_of({0}, "{0}")'),
    hpp=Hpp("DType {0}", "raw({0})"),
    rust=Rust("DType", "{0}.raw()"),
    go=Go("DType", "C.tensor_dtype_t({0})", "tensor_dtype_t {0}"),
)

DEVICE = Type(
    "device",
    core=Core("Device", "Device"),
    c=C("tensor_device_t {0}", 'device_of({0}, "{0}")'),
    hpp=Hpp("const Device& {0}", "{0}.raw()"),
    rust=Rust("Device", "{0}.raw()"),
    go=Go("Device", "{0}.raw()", "tensor_device_t {0}"),
)

OPTIONS = Type(
    "options",
    core=Core("const Options&", "const Options&"),
    c=C("const tensor_options_t* {0}", "options_of({0})"),
    hpp=Hpp("const Options& {0}", "{0}.raw()"),
    rust=Rust("impl Into<Options>", "&{0}", "let {0} = {0}.into().raw();"),
    go=Go("...Option", "optionsOf({0})", "tensor_options_t {0}", "&{0}"),
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
        DEVICE,
        enumeration("reduction", "TENSOR_REDUCTION_MEAN"),
        OPTIONS,
    )
}
