"""Tests of CUDA tensors, on the emulated devices: the emulator must have nothing to report.

With LIBTENSOR_TEST_DEVICE=cuda and no LIBTENSOR_EMULATED_CUDA they run on real devices, or a single
one: what asks the emulator, or needs two, is skipped.
"""

import gc
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "tests/cuda_emulator"), str(ROOT / "bindings/python")]
if os.environ.get("LIBTENSOR_TEST_DEVICE") != "cuda":
    os.environ.setdefault(
        "LIBTENSOR_EMULATED_CUDA", str(ROOT / "build/tests/libtensor_cuda_emulated.so")
    )
import emulator as emulated  # noqa: E402
import libtensor  # noqa: E402

# Of the order in which streams and threads run; LIBTENSOR_SEEDS=1000 looks longer. A real device
# chooses the order itself.
ALL_SEEDS = range(int(os.environ.get("LIBTENSOR_SEEDS", "50" if emulated.path() else "3")))


@pytest.fixture(scope="session")
def torch():
    """The package, with CUDA devices."""
    if emulated.path():
        emulated.load(libtensor)
    elif os.environ.get("LIBTENSOR_TEST_DEVICE") != "cuda":
        pytest.skip("the emulated CUDA plug-in is not built")
    return libtensor


@pytest.fixture(scope="session")
def emulator(torch):
    """The emulator's own functions."""
    if not emulated.path():
        pytest.skip("asks the emulator")
    return emulated.load(torch)


@pytest.fixture
def two_devices(torch):
    """For a test that uses them."""
    if torch.cuda.device_count() < 2:
        pytest.skip("there is one device")


@pytest.fixture
def reports(emulator):
    """Takes what was reported so far."""
    return lambda: emulated.reports(emulator)


@pytest.fixture(autouse=True)
def nothing_reported(torch):
    """Each test begins in order, and ends with nothing found wrong and no fault left over."""
    torch.cuda.set_stream(torch.cuda.default_stream())
    if not emulated.path():
        yield
        torch.cuda.synchronize()  # a failure of the device is this test's
        return
    emulator = emulated.load(torch)
    emulator.cuda_emulator_set_seed(0)
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
def seed(request, torch):
    """Streams and threads run in an order of this seed."""
    if emulated.path():
        emulated.load(torch).cuda_emulator_set_seed(request.param)
    return request.param
