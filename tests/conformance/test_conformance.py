"""Replays recorded PyTorch results through the module under test; see README.md.

One test item replays all samples of (operation, variant, dtype), or one program, or one form of
the promotion table.
"""

import programs
import pytest
from replay import files
from replay.check import check_operation, check_program, check_promotion


def _operation_items():
    for name in files.names("operations"):
        for dtype, variants in files.header("operations", name)["items"].items():
            for variant in variants:
                yield pytest.param(name, variant, dtype, id=f"{name}-{variant}-{dtype}")


def _program_items():
    for module in files.names("programs"):
        for name in files.header("programs", module)["items"]:
            yield pytest.param(module, name, id=f"{module}-{name}")


def _promotion_items():
    for name in files.names("promotion"):
        for form in files.header("promotion", name)["items"]:
            yield pytest.param(name, form, id=f"{name}-{form}")


@pytest.mark.parametrize("operation, variant, dtype", list(_operation_items()))
def test_operation(torch, device, operation, variant, dtype):
    _report(check_operation(torch, operation, variant, dtype, device))


@pytest.mark.parametrize("operation", files.names("operations"))
def test_layout(torch, device, operation):
    """Strides of results that are no views follow the inputs' as in PyTorch."""
    _report(check_operation(torch, operation, None, None, device, layout=True))


@pytest.mark.parametrize("operation, form", list(_promotion_items()))
def test_promotion(torch, device, operation, form):
    _report(check_promotion(torch, operation, form, device))


@pytest.mark.parametrize("module, name", list(_program_items()))
def test_program(torch, device, module, name):
    _report(check_program(torch, module, name, device))


def test_every_program_is_recorded():
    for module in programs.MODULES:
        assert list(programs.load(module)) == files.header("programs", module)["items"]


def _report(failures):
    """Fail with the first few differences in full, and their number."""
    if failures:
        shown = "\n".join(failures[:5])
        pytest.fail(f"{len(failures)} differences\n{shown}", pytrace=False)
