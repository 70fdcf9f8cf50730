"""The device that the tests in Python run on: what device.h is to those in C++.

LIBTENSOR_TEST_DEVICE (cpu or cuda) names it. With LIBTENSOR_EMULATED_CUDA, the path of the emulated
plug-in, that one serves the CUDA devices: each test runs with a seed made of its name
(LIBTENSOR_TEST_SEED: with that one), and fails where the emulator has something to report.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType

import pytest

TESTS = Path(__file__).parents[1]
sys.path.append(str(TESTS / "cuda_emulator"))
import emulator  # noqa: E402


def chosen() -> str:
    """The device's name."""
    return os.environ.get("LIBTENSOR_TEST_DEVICE", "cpu")


def open_device(torch: ModuleType, device: str) -> None:
    """Loads the emulated devices, where they are to serve."""
    if device.startswith("cuda") and emulator.path():
        emulator.load(torch)


def watch(torch: ModuleType, device: str, test: str) -> Iterator[None]:
    """Around a test: its seed before, and what was found wrong after."""
    emulated = device.startswith("cuda") and emulator.path()
    if not emulated:
        yield
        return
    library = emulator.load(torch)
    library.cuda_emulator_set_seed(
        int(os.environ.get("LIBTENSOR_TEST_SEED", zlib.crc32(test.encode())))
    )
    yield
    torch.cuda.synchronize()  # raises what kernels have met and nobody has been told
    found = emulator.reports(library)
    assert not found, "\n".join(found)


def cpu_only() -> list[tuple[str, str]]:
    """(pattern, reason) of the tests that stay on the CPU."""
    lines = (TESTS / "support/cpu_only.txt").read_text().splitlines()
    entries = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [(pattern.strip(), reason) for pattern, reason in entries]


def skip_cpu_only(items: list[pytest.Item]) -> None:
    """Marks those that stay on the CPU, by `file.py::test[...]` or what is in the brackets."""
    for item in items:
        names = item.nodeid.rpartition("/")[2], item.name.partition("[")[2].rstrip("]")
        for pattern, reason in cpu_only():
            if any(fnmatch(name, pattern) for name in names):
                item.add_marker(pytest.mark.skip(reason=reason))
