"""Reads the functions that the public headers declare, and writes tables of tests made of them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DECLARATION = re.compile(r"TENSOR_API\s+((?:const )?\w+[\s*]+)(tensor_\w+)\(([^;]*)\);")
STATUS = "tensor_status_t"


def enums():
    """{type: names of its values, which are numbered from 0} of the words that operations take."""
    text = (ROOT / "include/tensor/enums.h").read_text(encoding="utf-8")
    found = re.findall(r"typedef int32_t (\w+);\nenum \{(.*?)\};", text, re.S)
    return {name: re.findall(r"(\w+) = ", values) for name, values in found}


def declarations(headers):
    """(type of the result, name, text of the parameters) of each function."""
    for header in headers:
        text = re.sub(r"/\*.*?\*/", "", Path(header).read_text(encoding="utf-8"), flags=re.S)
        for result, name, inner in DECLARATION.findall(text):
            yield " ".join(result.split()), name, inner


def prototypes(headers):
    """(name, text of the parameters) of each function that returns a status."""
    for result, name, inner in declarations(headers):
        if result == STATUS:
            yield name, inner


def split(text):
    """The parameters of a list, of which some may be pointers to functions."""
    parts, depth = [""], 0
    for character in " ".join(text.split()):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip() != "void"]


def parameters(text):
    """[(type, name)] of a parameter list; the type of a pointer to a function is "callback"."""
    found = []
    for part in split(text):
        callback = re.fullmatch(r".*?\(\*(\w+)\)\(.*\)", part)
        if callback:
            found.append(("callback", callback.group(1)))
        else:
            kind, name = re.fullmatch(r"(.*?[\s*])(\w+)", part).groups()
            found.append((kind.strip(), name))
    return found


def options_structs(headers):
    """{type of a parameter: [(type, name) of each field behind struct_size]} of the options that
    operations have."""
    found = {}
    for header in headers:
        text = re.sub(r"/\*.*?\*/", "", Path(header).read_text(encoding="utf-8"), flags=re.S)
        for inner, name in re.findall(r"typedef struct \{([^{}]*)\} (tensor_\w+_options_t);", text):
            if Path(header).parent.name == "ops":
                fields = parameters(inner.replace(";", ",").rstrip().rstrip(","))
                found[f"const {name}*"] = fields[1:]
    return found


def write_table(output, header, kind, name, rows):
    """Writes `std::span<const kind> name` with these rows, which `header` declares."""
    with open(output, "w", encoding="utf-8") as file:
        file.write(f'#include "{header}"\n\nnamespace test {{\n\n')
        file.write(f"const {kind} kRows[] = {{\n" + "".join(rows) + "};\n")
        file.write(f"const std::span<const {kind}> {name} = kRows;\n\n}}  // namespace test\n")
