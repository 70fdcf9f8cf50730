"""Every public header compiles alone, without a warning, in the oldest standard meant for it."""

import subprocess
from pathlib import Path

import pytest

INCLUDE = Path(__file__).parents[2] / "include"
WARNINGS = "-pedantic-errors -Wall -Wextra -Wshadow -Wconversion -Werror".split()
ONLY_C = ["-Wstrict-prototypes", "-Wold-style-definition"]
C_HEADERS = sorted(path.relative_to(INCLUDE).as_posix() for path in INCLUDE.rglob("*.h"))
CPP_HEADERS = sorted(path.relative_to(INCLUDE).as_posix() for path in INCLUDE.rglob("*.hpp"))


def compile_alone(header: str, compiler: str, language: str, standard: str) -> None:
    flags = WARNINGS + (ONLY_C if language == "c" else [])
    command = [compiler, "-x", language, f"-std={standard}", *flags, "-fsyntax-only"]
    # Twice, since its guard must hold; ISO C wants at least one declaration.
    source = f'#include "{header}"\n#include "{header}"\ntypedef int nothing;\n'
    result = subprocess.run(
        [*command, f"-I{INCLUDE}", "-"], input=source, text=True, capture_output=True
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("header", C_HEADERS)
def test_c99(header):
    compile_alone(header, "gcc", "c", "c99")


@pytest.mark.parametrize("header", C_HEADERS + CPP_HEADERS)
def test_cpp11(header):
    compile_alone(header, "g++", "c++", "c++11")


def test_wrapper_in_later_standards():
    for standard in ("c++17", "c++20"):
        compile_alone("tensor/tensor.hpp", "g++", "c++", standard)


def test_there_are_headers():
    assert "tensor/tensor.h" in C_HEADERS
    assert "tensor/tensor.hpp" in CPP_HEADERS
