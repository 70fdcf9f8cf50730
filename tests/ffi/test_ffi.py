"""Languages that read no C headers: the same small program in each says the same."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "support"))
from sanitized import preloading  # noqa: E402

LIBRARY = os.environ["LIBTENSOR_LIBRARY"]
CDEF = ROOT / "capi/generated/tensor.cdef.h"
SAYS = """\
mean 27
a gradient came by
gradient 4.5 4.5 4.5 4.5
error mm: mat2 must be a matrix, got 0-D tensor
"""


def has_platypus() -> bool:
    perl = shutil.which("perl")
    return bool(perl) and subprocess.run([perl, "-MFFI::Platypus", "-e", "1"]).returncode == 0


PROGRAMS = {
    "ctypes": ([sys.executable, HERE / "seed.py", LIBRARY], True),
    "luajit": (["luajit", HERE / "seed.lua", LIBRARY, CDEF], bool(shutil.which("luajit"))),
    "perl": (["perl", HERE / "seed.pl", LIBRARY], has_platypus()),
}


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_small_program(language):
    command, there = PROGRAMS[language]
    if not there:
        pytest.skip(f"no {language}")
    environment = {**os.environ, **preloading()}
    result = subprocess.run(command, text=True, capture_output=True, env=environment)
    assert (result.returncode, result.stdout) == (0, SAYS), result.stderr


def test_the_flat_header_is_c_without_a_preprocessor(tmp_path):
    text = CDEF.read_text()
    assert "#" not in text and "extern" not in text and "{\n  return" not in text
    source = tmp_path / "flat.c"
    head = "".join(f"#include <std{name}.h>\n" for name in ("bool", "def", "int"))
    source.write_text(head + text)
    flags = ["-fsyntax-only", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    subprocess.run(["gcc", *flags, source], check=True)


def test_cffi_reads_the_flat_header():
    if preloading():
        pytest.skip("a sanitizer's library is not loaded into this process")
    cffi = pytest.importorskip("cffi")
    ffi = cffi.FFI()
    ffi.cdef(CDEF.read_text())
    tensor = ffi.dlopen(LIBRARY)
    out, value = ffi.new("tensor_t**"), ffi.new("int64_t*")
    scalar = tensor.tensor_scalar_int64(7)
    assert tensor.tensor_full(ffi.NULL, 0, scalar, ffi.NULL, out) == tensor.TENSOR_OK
    assert tensor.tensor_item_int64(out[0], value) == tensor.TENSOR_OK
    assert value[0] == 7
    tensor.tensor_release(out[0])


def exported() -> set[str]:
    command = ["nm", "-D", "--defined-only", LIBRARY]
    lines = subprocess.run(command, text=True, capture_output=True, check=True).stdout.splitlines()
    names = {line.split()[-1].split("@")[0] for line in lines}
    return {name for name in names if name.startswith("tensor_")}


def test_the_description_has_every_function_that_is_exported():
    api = json.loads((ROOT / "capi/generated/api.json").read_text())
    assert {function["name"] for function in api["functions"]} == exported()


def test_the_description_knows_every_type():
    api = json.loads((ROOT / "capi/generated/api.json").read_text())
    known = {"void", "bool", "char", "double", "float", "size_t"}
    known |= {f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 32, 64)}
    known |= {row["name"] for kind in api if kind != "functions" for row in rows(api[kind])}
    known |= set(api["handles"])
    for function in api["functions"]:
        types = [function["result"], *(p["type"] for p in function["parameters"])]
        for text in types:
            base = text.split("(*)")[0].replace("const", "").replace("*", "").strip()
            assert base in known, f"{function['name']}: {text}"


def rows(section: object) -> list[dict]:
    return [row for row in section if isinstance(row, dict)] if isinstance(section, list) else []
