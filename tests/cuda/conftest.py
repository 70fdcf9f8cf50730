"""Tests of CUDA tensors, on the emulated devices: the emulator must have nothing to report."""

import gc
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "tests/cuda_emulator"), str(ROOT / "bindings/python")]
os.environ.setdefault(
    "LIBTENSOR_EMULATED_CUDA", str(ROOT / "build/tests/libtensor_cuda_emulated.so")
)
import emulator as emulated  # noqa: E402
import libtensor  # noqa: E402

# Of the order in which streams and threads run; LIBTENSOR_SEEDS=1000 looks longer.
ALL_SEEDS = range(int(os.environ.get("LIBTENSOR_SEEDS", "50")))


@pytest.fixture(scope="session")
def torch():
    """The package, with emulated CUDA devices."""
    if not emulated.path():
        pytest.skip("the emulated CUDA plug-in is not built")
    emulated.load(libtensor)
    return libtensor


@pytest.fixture(scope="session")
def emulator(torch):
    """The emulator's own functions."""
    return emulated.load(torch)


@pytest.fixture
def reports(emulator):
    """Takes what was reported so far."""
    return lambda: emulated.reports(emulator)


@pytest.fixture(autouse=True)
def nothing_reported(torch, emulator):
    """Each test begins in order, and ends with nothing found wrong and no fault left over."""
    emulator.cuda_emulator_set_seed(0)
    torch.cuda.set_stream(torch.cuda.default_stream())
    yield
    emulator.cuda_emulator_set_sticky_error(0)
    emulator.cuda_emulator_fail_allocation(0)
    emulator.cuda_emulator_fail_launch(0)
    emulator.cuda_emulator_fail_events(0, 0)
    emulator.cuda_emulator_set_capacity(4 << 30)
    emulator.cuda_emulator_set_max_kernel_elements(1 << 30)
    gc.collect()
    found = emulated.reports(emulator)
    assert not found, "\n".join(found)


@pytest.fixture(params=ALL_SEEDS)
def seed(request, emulator):
    """Streams and threads run in an order of this seed."""
    emulator.cuda_emulator_set_seed(request.param)
    return request.param
