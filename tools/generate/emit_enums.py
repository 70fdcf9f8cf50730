"""Writes the enumerations of the table in every language."""

from __future__ import annotations

from emit_c import c_comment
from emit_go import go_header
from model import ENUMS, Family
from text import SOURCE, comment_block, header


def c_header(_: list[Family]) -> str:
    lines = [header("/*").rstrip() + " */", "/* The words that operations take, as numbers. */"]
    lines += ["#ifndef TENSOR_ENUMS_H", "#define TENSOR_ENUMS_H", "", "#include <stdint.h>", ""]
    for enum in ENUMS:
        lines.append(c_comment(enum.doc))
        values = [f"{name} = {number}" for number, name in enumerate(enum.constants)]
        whole = f"enum {{ {', '.join(values)} }};"
        broken = ["enum {", *(f"  {value}," for value in values[:-1]), f"  {values[-1]}", "};"]
        lines += [f"typedef int32_t {enum.c_type};"]
        lines += [*([whole] if len(whole) <= 100 else broken), ""]
    return "\n".join([*lines, "#endif /* TENSOR_ENUMS_H */", ""])


def core_header(_: list[Family]) -> str:
    lines = ["// The words that operations take. Their numbers are those of tensor/enums.h.", ""]
    lines += ["#pragma once", "", "#include <cstdint>", "", "namespace libtensor {", ""]
    for enum in ENUMS:
        words = ", ".join(f"k{word}" for word in enum.names)
        lines += [comment_block(enum.doc, "// ")]
        lines += [f"enum class {enum.class_name} : int32_t {{ {words} }};", ""]
    return header() + "\n".join([*lines, "}  // namespace libtensor", ""])


def capi_header(_: list[Family]) -> str:
    lines = ["// Numbers of the C API as the library's enumerators.", "", "#pragma once", ""]
    lines += ['#include "core/error.h"', '#include "core/generated/enums.h"']
    lines += ['#include "tensor/enums.h"', "", "namespace libtensor::capi {", ""]
    lines += [
        "template <class E>",
        "E enumerator_of(int32_t number, int32_t count, const char* name) {",
        "  check_as(Status::kValueError, number >= 0 && number < count, number,",
        '           " is not a valid value for ", name);',
        "  return static_cast<E>(number);",
        "}",
        "",
    ]
    for enum in ENUMS:
        lines += [
            f"inline {enum.class_name} {enum.name}_of({enum.c_type} number, const char* name) {{",
            f"  return enumerator_of<{enum.class_name}>(number, {len(enum.words)}, name);",
            "}",
        ]
    return header() + "\n".join([*lines, "", "}  // namespace libtensor::capi", ""])


def hpp_header(_: list[Family]) -> str:
    lines = [header().rstrip(), "#ifndef TENSOR_CPP_ENUMS_HPP", "#define TENSOR_CPP_ENUMS_HPP", ""]
    lines += ['#include "tensor/enums.h"', "", "namespace tensor {", ""]
    for enum in ENUMS:
        lines += [comment_block(enum.doc, "// "), f"enum class {enum.class_name} : int32_t {{"]
        pairs = zip(enum.names, enum.constants, strict=True)
        lines += [f"  {word} = {constant}," for word, constant in pairs]
        lines[-1] = lines[-1].rstrip(",")
        lines += ["};", f"inline {enum.c_type} raw({enum.class_name} value) noexcept {{"]
        lines += [f"  return static_cast<{enum.c_type}>(value);", "}", ""]
    return "\n".join([*lines, "}  // namespace tensor", "", "#endif  // TENSOR_CPP_ENUMS_HPP", ""])


def rust_module(_: list[Family]) -> str:
    lines = [header().rstrip(), "//! The words that operations take.", "", "use crate::ffi;", ""]
    for enum in ENUMS:
        lines += [comment_block(enum.doc, "/// ")]
        lines += ["#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]", "#[repr(i32)]"]
        lines += [f"pub enum {enum.class_name} {{", "    #[default]"]
        pairs = zip(enum.names, enum.constants, strict=True)
        lines += [f"    {word} = ffi::{constant}," for word, constant in pairs]
        lines += ["}", "", f"impl {enum.class_name} {{"]
        lines += [f"    pub(crate) fn raw(self) -> ffi::{enum.c_type} {{", "        self as i32"]
        lines += ["    }", "}", ""]
    return "\n".join(lines)


def go_file(_: list[Family]) -> str:
    lines = [go_header("//"), "package libtensor", "", '// #include "reads.h"', 'import "C"', ""]
    for enum in ENUMS:
        width = max(len(word) for word in enum.names)
        lines += [comment_block(f"{enum.class_name}: {enum.doc[0].lower()}{enum.doc[1:]}", "// ")]
        lines += [f"type {enum.class_name} int32", "", f"// Values of {enum.class_name}.", "const ("]
        pairs = zip(enum.names, enum.constants, strict=True)
        lines += [
            f"\t{enum.class_name}{word:{width}} {enum.class_name} = C.{constant}"
            for word, constant in pairs
        ]
        lines += [")", ""]
    return "\n".join(lines)


def python_module(_: list[Family]) -> str:
    lines = [f"# {SOURCE}", '"""The words that operations take, and what is said of others."""', ""]
    lines += ["ENUMS = {"]
    for enum in ENUMS:
        lines += [f'    "{enum.name}": (', "        {"]
        lines += [f'            "{word}": {number},' for number, word in enumerate(enum.words)]
        lines += ["        },", f'        "{enum.refusal}",']
        lines += [f"        {enum.error},", "    ),"]
    return "\n".join([*lines, "}", ""])
