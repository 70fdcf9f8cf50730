"""Options of the conformance replay, and its line in the summary."""

import sys
import warnings
from fnmatch import fnmatch
from pathlib import Path

import pytest
import tomllib
from replay.device import module_under_test

sys.path.append(str(Path(__file__).parents[1] / "support"))
from device import chosen, open_device, skip_cpu_only, watch  # noqa: E402

GAPS = tomllib.loads(Path(__file__).with_name("known_gaps.toml").read_text()).get("gap", [])


def pytest_addoption(parser):
    parser.addoption("--device", default=None, help="device the recorded cases run on")


def device_name(config):
    """--device, or LIBTENSOR_TEST_DEVICE."""
    return config.getoption("--device", None) or chosen()


@pytest.fixture(scope="session")
def device(request):
    """Where the tensors of the replay live."""
    return device_name(request.config)


@pytest.fixture(scope="session")
def torch(device):
    """The module under test; with emulated CUDA devices where there is no other."""
    warnings.simplefilter("ignore")
    module = module_under_test()
    open_device(module, device)
    return module


@pytest.fixture(autouse=True)
def watched(torch, device, request):
    """On emulated devices a test fails where the emulator has found something wrong."""
    yield from watch(torch, device, request.node.name)


def pytest_collection_modifyitems(config, items):
    """Known gaps must fail (a closed gap leaves the list); some items stay on the CPU."""
    device = device_name(config)
    if device != "cpu":
        skip_cpu_only(items)
    for item in items:
        operation = item.callspec.params.get("operation") if hasattr(item, "callspec") else None
        if operation:  # one worker has all of an operation: its results serve the test of layouts
            item.add_marker(pytest.mark.xdist_group(operation))
        for gap in GAPS:
            here = device.startswith(gap.get("device", device))
            if here and fnmatch(item.name, f"*[[]{gap['item']}]"):
                item.add_marker(pytest.mark.xfail(reason=gap["reason"], strict=True))


def pytest_terminal_summary(terminalreporter):
    count = len(terminalreporter.stats.get("xfailed", []))
    terminalreporter.write_line(f"conformance: {count} items are known gaps (known_gaps.toml)")
