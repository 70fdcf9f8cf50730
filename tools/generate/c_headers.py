"""Reads the hand-written C headers, so that bindings declare their functions from one source.

The headers are regular: one `TENSOR_API` declaration after another, types of one word (but for
`const` and pointers), function pointers only as parameters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from model import ENUMS, ROOT

FOLDER = ROOT / "include/tensor"
GENERATED = ("ops.h", "enums.h")
"""Headers that come from the table: what they declare is known better from there."""


@dataclass(frozen=True)
class Parameter:
    """One parameter. `type` is as C writes it, without the name: `const int64_t*`."""

    type: str
    name: str

    @property
    def is_callback(self) -> bool:
        return "(*)" in self.type


@dataclass(frozen=True)
class Function:
    """One exported function; `header` is the file's name, `doc` the comment in front of it."""

    name: str
    result: str
    parameters: tuple[Parameter, ...]
    header: str
    doc: str = ""

    @property
    def can_fail(self) -> bool:
        return self.result == "tensor_status_t"


@dataclass(frozen=True)
class Constant:
    """One enumerator: `TENSOR_FLOAT32`, 9. `group` is the typedef in front of its enum."""

    name: str
    value: int
    group: str


def headers(folder: Path = FOLDER) -> list[Path]:
    """The hand-written headers, by name."""
    return sorted(path for path in folder.glob("*.h") if path.name not in GENERATED)


def functions(folder: Path = FOLDER) -> list[Function]:
    """Every function that the hand-written headers export, in the order of the files."""
    return [
        item for path in headers(folder) for item in parse_functions(path.read_text(), path.name)
    ]


def constants(folder: Path = FOLDER) -> list[Constant]:
    """Every enumerator of the hand-written headers, and those of the table."""
    found = [item for path in headers(folder) for item in parse_constants(path.read_text())]
    for enum in ENUMS:
        numbered = enumerate(enum.constants)
        found += [Constant(name, number, enum.c_type) for number, name in numbered]
    return found


def parse_functions(text: str, header: str = "") -> list[Function]:
    """The functions declared in a header's text."""
    found = []
    pattern = r"(?:/\*((?:(?!\*/).)*)\*/\n)?TENSOR_API\s+([^;]*?)\b(tensor_\w+)\(([^;]*)\);"
    for match in re.finditer(pattern, text, re.DOTALL):
        parameters = tuple(parse_parameter(part) for part in split_parameters(match[4]))
        found.append(
            Function(match[3], plain_type(match[2]), parameters, header, plain_comment(match[1]))
        )
    return found


def split_parameters(text: str) -> list[str]:
    """Cuts at the commas outside parentheses; `void` is no parameter."""
    text = " ".join(without_comments(text).split())
    if text in ("", "void"):
        return []
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    return [*parts, text[start:].strip()]


def parse_parameter(text: str) -> Parameter:
    callback = re.fullmatch(r"(.+?)\s*\(\*(\w+)\)\((.*)\)", text)
    if callback:
        return Parameter(f"{plain_type(callback[1])} (*)({callback[3]})", callback[2])
    match = re.fullmatch(r"(.+?)\b(\w+)", text)
    if not match:
        raise ValueError(f"cannot read the parameter '{text}'")
    return Parameter(plain_type(match[1]), match[2])


def parse_constants(text: str) -> list[Constant]:
    found = []
    pattern = r"(?:typedef\s+\w+\s+(\w+);\s*)?enum\s*\w*\s*\{([^}]*)\}"
    for match in re.finditer(pattern, without_comments(text)):
        for name, value in re.findall(r"(\w+)\s*=\s*(-?\w+)", match[2]):
            found.append(Constant(name, int(value, 0), match[1] or ""))
    return found


def plain_type(text: str) -> str:
    """A type with one space between words and none before a star."""
    return re.sub(r"\s*\*", "*", " ".join(text.split())).replace("*const", "* const")


def plain_comment(text: str | None) -> str:
    return " ".join(re.sub(r"^\s*\*", "", text or "", flags=re.MULTILINE).split())


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
