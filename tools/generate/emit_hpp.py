"""Writes the C++ wrapper: a free function for each operation, and the methods of class Tensor."""

from __future__ import annotations

from collections.abc import Callable

from cpp_types import out_name
from model import Arg, Family, Op
from overloads import Overload, overloads
from text import comment_block, header, wrap_call
from vocabulary import OPTIONS, TENSOR_OPTIONS


def default(arg: Arg) -> str | None:
    if arg.type is OPTIONS:
        return "Options()"
    return None if arg.default is None else arg.type.hpp.literal(arg.default)


def defaults_of(args: list[Arg]) -> list[str | None]:
    """C++ wants every argument after one with a default to have one too."""
    found = [default(arg) for arg in args]
    required = max((i for i, value in enumerate(found) if value is None), default=-1)
    return [None] * (required + 1) + found[required + 1 :]


def declared(args: list[Arg], with_defaults: bool) -> str:
    parts = [arg.type.hpp.parameter.format(arg.name) for arg in args]
    if with_defaults:
        pairs = zip(parts, defaults_of(args), strict=True)
        parts = [f"{part} = {value}" if value else part for part, value in pairs]
    return ", ".join(parts)


def passed(item: Overload, variant: str = "function") -> list[str]:
    """What the C function is given."""
    texts = [arg.type.hpp.passed.format(arg.name) for arg in item.op.given(variant)]
    if item.lacks_options:
        texts[-1] = "nullptr"
    return ["self().handle()", *texts[1:]] if variant == "inplace" else texts


def result_type(op: Op) -> str:
    if op.returns_bool:
        return "bool"
    if op.returns_list:
        return "std::vector<Tensor>"
    if len(op.returns) == 1:
        return "Tensor"
    return f"std::tuple<{', '.join(['Tensor'] * len(op.returns))}>"


def check_call(name: str, arguments: list[str]) -> str:
    call = f"tensor_{name}({', '.join(arguments)}));"
    line = f"  detail::check({call}"
    if len(line) > 100 and len(call) <= 94:
        return f"  detail::check(\n      {call}"
    return wrap_call(line, column=line.index("(", 16) + 1)


def list_call(op: Op, arguments: list[str]) -> list[str]:
    call = f"tensor_{op.name}({', '.join([*arguments, 'out', 'capacity', 'count'])});"
    return [
        "  return detail::own_list([&](tensor_t** out, size_t capacity, size_t* count) {",
        wrap_call(f"    return {call}"),
        "  });",
    ]


def function(item: Overload) -> list[str]:
    op = item.op
    outs = [out_name(op, r) for r in op.returns]
    signature = f"inline {result_type(op)} {item.name}({declared(list(item.args), True)}) {{"
    lines = [wrap_call(signature)]
    if op.returns_list:
        return [*lines, *list_call(op, passed(item)), "}"]
    lines += [f"  {'bool' if op.returns_bool else 'tensor_t*'} {out};" for out in outs]
    lines.append(check_call(op.name, passed(item) + [f"&{out}" for out in outs]))
    if op.returns_bool:
        value = "out"
    elif len(outs) == 1:
        value = "Tensor::own(out)"
    else:
        value = f"std::make_tuple({', '.join(f'Tensor::own({out})' for out in outs)})"
    return [*lines, f"  return {value};", "}"]


def out_function(item: Overload) -> list[str]:
    """The destinations come first, as in PyTorch's C++, so that defaults may follow."""
    op = item.op
    outs = [out_name(op, r) for r in op.returns]
    args = tuple(a for a in item.args if a.type is not OPTIONS)
    targets = ", ".join(f"Tensor& {out}" for out in outs)
    rest = declared(list(args), True)
    returned = "Tensor&" if len(outs) == 1 else "void"
    lines = [wrap_call(f"inline {returned} {item.name}_out({targets}, {rest}) {{")]
    arguments = passed(item, "out") + [f"{out}.handle()" for out in outs]
    lines.append(check_call(f"{op.name}_out", arguments))
    return lines + (["  return out;"] if len(outs) == 1 else []) + ["}"]


def has_method(op: Op) -> bool:
    """Operations on a tensor that PyTorch shows as methods, or that Python wraps by hand."""
    return op.receiver is not None and (not op.scope or "method" in op.scope)


def method_head(item: Overload, variant: str, where: str, with_defaults: bool) -> str:
    args = declared(list(item.args[1:]), with_defaults)
    if variant == "inplace":
        return f"Tensor& {where}{item.name}_({args})"
    return f"{result_type(item.op)} {where}{item.name}({args}) const"


def method(item: Overload, variant: str) -> list[str]:
    head = f"inline {method_head(item, variant, 'Methods::', False)} {{"
    lines = [wrap_call(head)]
    names = [arg.name for arg in item.args[1:]]
    if variant == "function":
        result = f"return tensor::{item.name}({', '.join(['self()', *names])});"
        if len(head) + len(result) <= 97:
            return [f"{head} {result} }}"]
        return [*lines, f"  {result}", "}"]
    call = check_call(f"{item.op.name}_", passed(item, "inplace"))
    return [*lines, call, "  return self();", "}"]


def options_struct(op: Op) -> list[str]:
    """The operation's options, and the C struct of them."""
    name, c_name = op.options_arg.type.core.member, op.options_arg.type.word
    names = [(arg.field, field_name(arg)) for arg in op.options]
    members = [
        f"  {field.hpp} {shown}{' = ' + field.hpp_default if field.hpp_default else ''};"
        for field, shown in names
    ]
    statements = [field.hpp_raw.format(shown) for field, shown in names]
    return [
        f"// The options of {op.torch[0]}, with their defaults.",
        f"struct {name} {{",
        *members,
        "};",
        "",
        "namespace detail {",
        f"inline {c_name} raw_of(const {name}& options) {{",
        f"  {c_name} result = {c_name}();",
        "  result.struct_size = sizeof(result);",
        *[f"  {line}" for text in statements for line in text.replace("; ", ";\n").split("\n")],
        "  return result;",
        "}",
        "}  // namespace detail",
        "",
    ]


def field_name(arg: Arg) -> str:
    return TENSOR_OPTIONS if arg.type is OPTIONS else arg.name


class Forms:
    """The overloads of all operations: a form's defaults depend on the other forms of its name,
    which may be of other families."""

    def __init__(self, families: list[Family]):
        self.ops = [op for family in families for op in family.public]

    def of(self, variant: str, wanted: Callable[[Op], bool], ops: list[Op]) -> list[Overload]:
        every = overloads(self.ops, lambda op: variant in op.variants and wanted(op))
        return [item for item in every if item.op in ops]


def any_op(_: Op) -> bool:
    return True


def methods_header(families: list[Family]) -> str:
    """The base class of Tensor: one declaration for each method."""
    forms = Forms(families)
    lines = [
        header().rstrip(),
        "#ifndef TENSOR_CPP_METHODS_HPP",
        "#define TENSOR_CPP_METHODS_HPP",
        "",
    ]
    lines += ["#include <cstdint>", "#include <tuple>", "#include <vector>", ""]
    lines += ['#include "tensor/cpp/int_list.hpp"', '#include "tensor/cpp/options.hpp"', ""]
    lines += ["namespace tensor {", "", "class Tensor;"]
    with_options = [op for op in forms.ops if op.options and has_method(op)]
    lines += [f"struct {op.options_arg.type.core.member};" for op in with_options]
    lines += ["", "namespace detail {", ""]
    lines += ["// The operations as methods of Tensor; those with a trailing _ work in place."]
    lines += ["class Methods {", " public:"]
    for family in families:
        lines += [f"  // {family.title}"]
        for variant in ("function", "inplace"):
            for item in forms.of(variant, has_method, family.public):
                head = wrap_call(method_head(item, variant, "", True) + ";", 98)
                lines += ["  " + line for line in head.split("\n")]
        lines.append("")
    lines += [" protected:", "  ~Methods() = default;", "", " private:"]
    lines += ["  inline Tensor& self();", "  inline const Tensor& self() const;", "};", ""]
    lines += ["}  // namespace detail", "}  // namespace tensor", ""]
    return "\n".join([*lines, "#endif  // TENSOR_CPP_METHODS_HPP", ""])


def umbrella(families: list[Family]) -> str:
    """ops.hpp: every family's header."""
    lines = [header().rstrip(), "#ifndef TENSOR_OPS_HPP", "#define TENSOR_OPS_HPP", ""]
    lines += [f'#include "tensor/ops/{family.name}.hpp"' for family in families]
    return "\n".join([*lines, "", "#endif  // TENSOR_OPS_HPP", ""])


def functions_header(family: Family, families: list[Family]) -> str:
    """A family's free functions, and what its methods do."""
    forms = Forms(families)
    guard = f"TENSOR_OPS_{family.name.upper()}_HPP"
    lines = [header().rstrip(), f"// {family.title}.", f"#ifndef {guard}", f"#define {guard}", ""]
    lines += ["#include <tuple>", "#include <vector>", "", '#include "tensor/cpp/autograd.hpp"']
    lines += ['#include "tensor/cpp/tensor_class.hpp"', f'#include "tensor/ops/{family.name}.h"']
    lines += ["", "namespace tensor {", ""]
    for op in family.public:
        lines += options_struct(op) if op.options else []
    before = ("", "")
    for item in forms.of("function", any_op, family.public):
        doc = "As above, with options." if before == (item.name, item.op.name) else item.op.doc
        before = (item.name, item.op.name)
        lines += [comment_block(doc, "// "), *function(item), ""]
    into = forms.of("out", any_op, family.public)
    if into:
        lines += ["// ---- into a given tensor, which is resized where its shape differs", ""]
    for item in into:
        lines += [*out_function(item), ""]
    methods: list[str] = []
    for variant in ("function", "inplace"):
        for item in forms.of(variant, has_method, family.public):
            methods += [*method(item, variant), ""]
    if methods:
        lines += ["namespace detail {", "", *methods, "}  // namespace detail"]
    lines += ["}  // namespace tensor", ""]
    return "\n".join([*lines, f"#endif  // {guard}", ""])
