"""What a new row of the table compiles again: its own family, and what calls it."""

import os
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ["LIBTENSOR_BUILD"])
sys.path.insert(0, str(ROOT / "tools/generate"))

import model  # noqa: E402

ROWS = {
    "with a functor of its own": {
        "name": "cube",
        "args": "Tensor self",
        "kernel": "pointwise",
        "functor": "math.Cube",
        "rule": "promote",
        "node": "CubeBackward0",
        "gradient": {"self": "mul(grad, self)"},
        "doc": "self to the power of 3.",
    },
    "with a functor that exists": {
        "name": "double",
        "args": "Tensor self",
        "kernel": "pointwise",
        "functor": "math.Exp",
        "rule": "promote",
        "doc": "Twice self.",
    },
}


def changed_files(row: dict, family: str) -> set[str]:
    """The generated files that a new row changes."""
    render = runpy.run_path(str(ROOT / "tools/generate/__main__.py"))["render"]
    families = model.load()
    op = model.parse_op(row)
    longer = [replace(f, ops=(*f.ops, op)) if f.name == family else f for f in families]
    before, after = render(families), render(longer)
    return {name for name, text in after.items() if text != before.get(name)}


@pytest.fixture(scope="module")
def dependencies() -> dict[str, set[str]]:
    """Object -> the project's files that it is compiled from."""
    listed = subprocess.run(
        ["ninja", "-C", BUILD, "-t", "deps"], text=True, capture_output=True, check=True
    ).stdout
    found: dict[str, set[str]] = {}
    for block in listed.split("\n\n"):
        head, *lines = block.splitlines() or [""]
        name = head.split(":")[0]
        paths = [os.path.normpath(BUILD / line.strip()) for line in lines]
        found[name] = {os.path.relpath(path, ROOT) for path in paths}
    return found


def compiled_again(dependencies: dict[str, set[str]], changed: set[str]) -> list[str]:
    """Objects of the library itself."""
    library = {name: files for name, files in dependencies.items() if "libtensor.so" in name}
    assert len(library) > 150, "the build's list of dependencies is not whole"
    return sorted(name.split(".p/")[1] for name, files in library.items() if files & changed)


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_compiles_its_family_and_its_callers(dependencies, kind):
    row = ROWS[kind]
    changed = changed_files(row, "math")
    if row["name"] == "cube":
        changed.add("src/core/functors/math.h")
    again = compiled_again(dependencies, changed)
    print(f"{len(again)} objects: {', '.join(again)}")
    kernels = {name for name in again if re.search(r"cpu_generated_pointwise", name)}
    wanted = {"src_cpu_generated_pointwise_math.cpp.o"} if row["name"] == "cube" else set()
    assert kernels == wanted
    assert "capi_generated_math.cpp.o" in again
    assert "src_ops_generated_functions_math.cpp.o" in again
    assert len(again) <= 10
