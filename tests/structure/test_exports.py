"""Only tensor_ functions leave the library; and a symbol that leaks is found."""

import os
from pathlib import Path

import pytest
from check_exports import problems, soname, wrong_symbols

BUILD = Path(os.environ.get("LIBTENSOR_BUILD", Path(__file__).parents[2] / "build"))
GOOD = """\
0000000000000000 A TENSOR_1.0
0000000000012000 T tensor_add@@TENSOR_1.0
0000000000012010 T tensor_add_@@TENSOR_1.0
"""


def test_the_library():
    assert problems(BUILD / "libtensor.so") == []


def test_good_symbols_pass():
    assert wrong_symbols(GOOD) == []


@pytest.mark.parametrize(
    "line",
    [
        "0000000000012020 T helper@@TENSOR_1.0",  # a C function that is not ours
        "0000000000012020 W _ZN9libtensor4core6TensorC1Ev@@TENSOR_1.0",  # a C++ function
        "0000000000012020 V _ZTIN9libtensor5ErrorE",  # type information
        "0000000000012020 D tensor_state@@TENSOR_1.0",  # a variable
        "0000000000012020 T tensor_mul",  # without a version
        "0000000000012020 T tensor_mul@@TENSOR_0.9",
    ],
)
def test_leaked_symbol_is_found(line):
    assert wrong_symbols(GOOD + line + "\n") == [line]


def test_empty_library_is_found():
    assert wrong_symbols("0000000000000000 A TENSOR_1.0\n") == ["no tensor_ function is exported"]


def test_soname():
    assert soname(" 0x0e (SONAME)   Library soname: [libtensor.so.1]\n") == "libtensor.so.1"
    assert soname(" 0x01 (NEEDED)   Shared library: [libc.so.6]\n") is None
