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


@pytest.fixture
def torch():
    """The package under the name that its users give it."""
    return libtensor


@pytest.fixture(autouse=True)
def no_leaks():
    """Every handle that a test makes is given back by its end."""
    gc.collect()
    before = live_handles()
    yield
    gc.collect()
    assert live_handles() == before, "handles of the C library were leaked"
