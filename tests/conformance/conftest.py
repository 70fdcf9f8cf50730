"""Options of the conformance replay, and its line in the summary."""

import os
import warnings
from fnmatch import fnmatch
from pathlib import Path

import pytest
import tomllib
from replay.device import module_under_test

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
def torch():
    """The module under test."""
    warnings.simplefilter("ignore")
    return module_under_test()


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
