"""Every entry of tests/support/cpu_only.txt names a test: the list holds nothing that is gone."""

import os
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("LIBTENSOR_BUILD", ROOT / "build"))
PROGRAMS = ("autograd", "capi", "ops")
sys.path.append(str(ROOT / "tests/support"))
from device import cpu_only  # noqa: E402
from sanitized import preloading  # noqa: E402


def output(*command: object, **variables: str) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "bindings/python"),
        "LIBTENSOR_TEST_DEVICE": "cpu",
        **variables,
    }
    result = subprocess.run(command, text=True, capture_output=True, env=environment, cwd=ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def of_googletest(listing: str) -> list[str]:
    names, suite = [], ""
    for line in listing.splitlines():
        text = line.split("#")[0].rstrip()
        if text.startswith("  "):
            names.append(suite + text.strip())
        else:
            suite = text
    return names


def of_pytest(listing: str) -> list[str]:
    names = []
    for line in listing.splitlines():
        if "::" in line:
            names += [line.rpartition("/")[2], line.partition("[")[2].rstrip("]")]
    return names


@pytest.fixture(scope="module")
def names():
    programs = [BUILD / f"tests/{name}/{name}_tests" for name in PROGRAMS]
    if not all(program.exists() for program in programs):
        pytest.skip("the tests in C++ were not built")
    collect = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider"]
    found = [
        name
        for folder in ("python", "conformance")
        for name in of_pytest(output(*collect, f"tests/{folder}", **preloading()))
    ]
    return found + [
        name
        for program in programs
        for name in of_googletest(output(program, "--gtest_list_tests"))
    ]


@pytest.mark.parametrize("pattern, reason", cpu_only())
def test_the_entry_names_a_test(names, pattern, reason):
    assert len(names) > 1000
    assert any(fnmatch(name, pattern) for name in names)
    assert reason


def test_another_name_is_found_missing(names):
    assert not any(fnmatch(name, "FromBlob.ThatWasRenamed") for name in names)
