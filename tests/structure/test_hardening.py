"""The shared objects are hardened; one that is not is found."""

import json
import os
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("LIBTENSOR_BUILD", Path(__file__).parents[2] / "build"))
SANITIZED = bool(os.environ.get("TEST_PRELOAD"))
OBJECTS = [
    BUILD / "libtensor.so",
    BUILD / "libtensor_cuda.so",
    BUILD / "tests/libtensor_cuda_emulated.so",
]
# Reads into a buffer, so that the compiler has something to protect.
SOURCE = """\
#include <string.h>
int first(const char* text, unsigned long n) {
  char copy[64];
  memcpy(copy, text, n);
  return copy[n / 2];
}
"""
HARDENED = [
    "-O2",
    "-fstack-protector-strong",
    "-Wl,-z,relro,-z,now,-z,noexecstack",
]


def output_of(*command) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def weaknesses(path: Path) -> list[str]:
    segments = output_of("readelf", "-lW", path).splitlines()
    dynamic = output_of("readelf", "-dW", path)
    imports = output_of("nm", "-D", "--undefined-only", path)
    stack = [line for line in segments if "GNU_STACK" in line]
    found = []
    if not any("GNU_RELRO" in line for line in segments):
        found.append("no RELRO")
    if "BIND_NOW" not in dynamic and not any(
        "NOW" in line for line in dynamic.splitlines() if "FLAGS_1" in line
    ):
        found.append("not bound when loaded")
    if len(stack) != 1 or "RWE" in stack[0]:
        found.append("executable stack")
    if "__stack_chk_fail" not in imports:
        found.append("no stack protector")
    return found


def unfortified(commands: list[dict]) -> list[str]:
    """The library's sources that are compiled without. Few calls need a check that can fail, so
    that the library itself shows nothing of it."""
    own = [one for one in commands if "libtensor.so" in one["output"]]
    assert own
    return [one["file"] for one in own if "-D_FORTIFY_SOURCE=2" not in one["command"]]


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: path.name)
def test_the_shared_objects(path):
    if not path.exists():
        pytest.skip("is not built")
    found = weaknesses(path)
    if SANITIZED and "no stack protector" in found:  # a sanitizer looks after the stack itself
        found.remove("no stack protector")
    assert found == []


def test_the_sources_are_fortified():
    if SANITIZED:
        pytest.skip("a sanitizer looks by itself")
    assert unfortified(json.loads((BUILD / "compile_commands.json").read_text())) == []


def test_a_source_that_is_not_fortified_is_found():
    command = {"file": "a.cpp", "output": "libtensor.so.1.0.0.p/a.o", "command": "c++ -O3 a.cpp"}
    assert unfortified([command]) == ["a.cpp"]
    command["command"] = "c++ -O3 -D_FORTIFY_SOURCE=2 a.cpp"
    assert unfortified([command]) == []


@pytest.mark.parametrize(
    ("without", "weakness"),
    [
        (None, None),
        ("-Wl,-z,norelro", "no RELRO"),
        ("-Wl,-z,lazy", "not bound when loaded"),
        ("-Wl,-z,execstack", "executable stack"),
        ("-fno-stack-protector", "no stack protector"),
    ],
)
def test_a_weakness_is_found(tmp_path, without, weakness):
    source, built = tmp_path / "some.c", tmp_path / "some.so"
    source.write_text(SOURCE)
    flags = [*HARDENED, "-fPIC", "-shared", "-w"] + ([without] if without else [])
    subprocess.run(["cc", *flags, "-o", built, source], check=True)
    assert weaknesses(built) == ([weakness] if weakness else [])
