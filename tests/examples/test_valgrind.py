"""The examples in C under valgrind: nothing is read that is not there, and nothing is lost."""

import os
import shutil

import pytest
from programs import BUILD, run

pytestmark = [
    pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed"),
    pytest.mark.skipif(
        bool(os.environ.get("TEST_PRELOAD")), reason="a sanitizer's runtime does not run in it"
    ),
]
VALGRIND = [
    "valgrind",
    "-q",
    "--error-exitcode=1",
    "--leak-check=full",
    "--show-leak-kinds=definite",
]


def check(program, *arguments):
    run(*VALGRIND, "--errors-for-leak-kinds=definite", program, *arguments)


@pytest.mark.parametrize("example", ["seed_tour", "offload", "digits 1"])
def test_example(example):
    name, *arguments = example.split()
    check(BUILD / "examples" / name, *arguments)


def test_fault_is_found(tmp_path):
    source = tmp_path / "leak.c"
    source.write_text("#include <stdlib.h>\nint main(void) { return malloc(7) == NULL; }\n")
    program = tmp_path / "leak"
    run("gcc", "-O0", source, "-o", program)
    with pytest.raises(AssertionError, match="definitely lost"):
        check(program)
