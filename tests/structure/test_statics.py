"""Nothing in the library is made by the first thread that needs it: src/core/eternal.h says why."""

import os
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("LIBTENSOR_BUILD", Path(__file__).parents[2] / "build"))
GUARD = "guard variable for "
LISTING = f"""\
0000000000329300 b {GUARD}libtensor::Eternal<libtensor::Host>::get()::instance
0000000000329308 b {GUARD}libtensor::(anonymous namespace)::host()::instance
0000000000329310 t libtensor::ops::add(libtensor::Tensor const&)
"""


def made_late(nm_output: str) -> list[str]:
    """The static objects of functions that `nm -C` shows, without the eternal ones."""
    guarded = [line.partition(GUARD)[2] for line in nm_output.splitlines() if GUARD in line]
    assert any("::Eternal<" in name for name in guarded)
    return [name for name in guarded if not name.startswith("libtensor::Eternal<")]


def test_the_library():
    listing = subprocess.run(
        ["nm", "-C", BUILD / "libtensor.so"], capture_output=True, text=True, check=True
    ).stdout
    if "libtensor::" not in listing:
        pytest.skip("the library is stripped")
    assert made_late(listing) == []


def test_another_is_found():
    assert made_late(LISTING) == ["libtensor::(anonymous namespace)::host()::instance"]
