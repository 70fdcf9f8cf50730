"""Options of the conformance replay, and its line in the summary."""

import os
import sys
import warnings
from fnmatch import fnmatch
from pathlib import Path

import pytest
import tomllib
from replay.device import module_under_test

sys.path.append(str(Path(__file__).parents[1] / "cuda_emulator"))
import emulator  # noqa: E402

GAPS = tomllib.loads(Path(__file__).with_name("known_gaps.toml").read_text()).get("gap", [])


def pytest_addoption(parser):
    parser.addoption("--device", default=None, help="device the recorded cases run on")


def device_name(config):
    """--device, or LIBTENSOR_CONFORMANCE_DEVICE where this file is loaded too late for options."""
    return (config.getoption("--device", None)
            or os.environ.get("LIBTENSOR_CONFORMANCE_DEVICE", "cpu"))


@pytest.fixture(scope="session")
def device(request):
    """Where the tensors of the replay live."""
    return device_name(request.config)


@pytest.fixture(scope="session")
def torch(device):
    """The module under test; with emulated CUDA devices where there is no other."""
    warnings.simplefilter("ignore")
    module = module_under_test()
    if device.startswith("cuda") and emulator.path():
        emulator.load(module)
    return module


@pytest.fixture(autouse=True)
def nothing_reported(torch, device):
    """On emulated devices a test fails where the emulator has found something wrong."""
    yield
    if device.startswith("cuda") and emulator.path():
        found = emulator.reports(emulator.load(torch))
        assert not found, "\n".join(found)


def pytest_collection_modifyitems(config, items):
    """Known gaps must fail (a closed gap leaves the list); CPU-only items leave other devices."""
    device = device_name(config)
    if device != "cpu":
        gone = [item for item in items if item.get_closest_marker("cpu_only")]
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item not in gone]
    for item in items:
        for gap in GAPS:
            here = device.startswith(gap.get("device", device))
            if here and fnmatch(item.name, f"*[[]{gap['item']}]"):
                item.add_marker(pytest.mark.xfail(reason=gap["reason"], strict=True))


def pytest_configure(config):
    config.addinivalue_line("markers", "cpu_only: the recorded result is tied to the CPU")


def pytest_terminal_summary(terminalreporter):
    count = len(terminalreporter.stats.get("xfailed", []))
    terminalreporter.write_line(f"conformance: {count} items are known gaps (known_gaps.toml)")
