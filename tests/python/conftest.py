"""The module under test, and a look for leaks after every test."""

import gc
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "bindings/python"
try:
    import libtensor
except ModuleNotFoundError:
    sys.path.insert(0, str(PACKAGE))
    import libtensor

from libtensor._settings import live_handles  # noqa: E402

TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "support"), str(TESTS / "conformance")]
from device import chosen, open_device, skip_cpu_only, watch  # noqa: E402
from replay.device import at_once as checks_at_once  # noqa: E402
from replay.device import on_device  # noqa: E402


@pytest.fixture
def torch():
    """The package under the name that its users give it; creates on the tests' device."""
    return on_device(libtensor, chosen())


@pytest.fixture(autouse=True)
def watched(request):
    """On emulated devices a test fails where the emulator has found something wrong."""
    open_device(libtensor, chosen())
    yield from watch(libtensor, chosen(), request.node.name)


@pytest.fixture
def at_once(watched):
    """On CUDA devices, bad indices and divisors are errors of the call, as on the CPU."""
    with checks_at_once(libtensor, chosen()):
        yield


def pytest_collection_modifyitems(items):
    """Some tests stay on the CPU."""
    if chosen() != "cpu":
        skip_cpu_only(items)


@pytest.fixture(autouse=True)
def no_leaks():
    """Every handle that a test makes is given back by its end."""
    gc.collect()
    before = live_handles()
    yield
    gc.collect()
    assert live_handles() == before, "handles of the C library were leaked"
