"""The package as a whole: finding the library, doing without NumPy, covering the table."""

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "bindings/python"


def python(code, **environment):
    """Runs code in a new interpreter; gives its exit status and all its output."""
    env = {**os.environ, "PYTHONPATH": str(PACKAGE), **environment}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_missing_library_is_named():
    status, text = python("import libtensor", LIBTENSOR_LIBRARY="/nowhere/libtensor.so")
    assert status == 1
    assert "ImportError: libtensor: the library that LIBTENSOR_LIBRARY names cannot be" in text
    assert "/nowhere/libtensor.so: " in text


def test_every_place_that_was_tried_is_named(monkeypatch, torch):
    from libtensor import _library

    monkeypatch.delenv("LIBTENSOR_LIBRARY", raising=False)
    monkeypatch.setattr(_library, "_candidates", lambda: iter(["/one/a.so", "/other/b.so"]))
    with pytest.raises(ImportError, match="/one/a.so: .*\n.*/other/b.so: "):
        _library.load()


def test_the_build_tree_is_found(monkeypatch, torch):
    from libtensor import _library

    found = list(_library._candidates())
    assert found[-1] == _library.FILE_NAMES[-1]
    if (ROOT / "build/libtensor.so").exists():
        assert any(name.startswith(str(ROOT / "build")) for name in found)


def test_without_numpy():
    code = """
import sys
sys.modules["numpy"] = None
import libtensor as torch
x = torch.tensor([[1.0, 2.0]])
assert x.t().tolist() == [[1.0], [2.0]] and "numpy" not in str(x)
try:
    x.numpy()
except ImportError:
    print("no array")
"""
    assert python(code) == (0, "no array\n")


def test_import_does_not_load_numpy():
    status, text = python("import sys, libtensor; print('numpy' in sys.modules)")
    assert (status, text) == (0, "False\n")


def test_tensors_may_live_until_the_end():
    code = """
import libtensor as torch
x = torch.ones(2, requires_grad=True)
keep = [x, x * 2, torch.frombuffer(bytearray(8), dtype=torch.float32)]
cycle = [keep]
cycle.append(cycle)
"""
    assert python(code) == (0, "")


def test_every_operation_is_there(torch):
    from libtensor._ops import OPERATIONS

    for op in OPERATIONS:
        for name in op.torch:
            if "function" in op.scope and "function" in op.variants:
                assert callable(getattr(torch, name))
            if "method" in op.scope and "function" in op.variants:
                assert callable(getattr(torch.Tensor, name))
            if "method" in op.scope and "inplace" in op.variants:
                assert callable(getattr(torch.Tensor, name + "_"))
            if "functional" in op.scope:
                assert callable(getattr(torch.nn.functional, name))
    assert torch.add.__doc__.startswith("self + other")


def test_structs_are_the_headers(torch):
    from libtensor import _structs

    text = (ROOT / "include/tensor/types.h").read_text()
    text += (ROOT / "include/tensor/autograd.h").read_text()
    for name, struct in (
        ("tensor_device_t", _structs.Device),
        ("tensor_options_t", _structs.Options),
        ("tensor_backward_options_t", _structs.BackwardOptions),
    ):
        body = re.search(r"typedef struct \{([^{}]*)\} " + name, text)[1]
        body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
        fields = re.findall(r"(\w+)\s*[,;]", body)
        assert fields == [field for field, _ in struct._fields_]
    assert ctypes.sizeof(_structs.IntegerScalar) == ctypes.sizeof(_structs.DoubleScalar) == 24


def test_version(torch):
    from libtensor._version import VERSION

    assert torch.__version__ == VERSION
    assert f"version: '{VERSION}'" in (ROOT / "meson.build").read_text()


def test_threads_setting(torch):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_default_dtype(torch):
    assert torch.get_default_dtype() is torch.float32
    with pytest.raises(NotImplementedError):
        torch.set_default_dtype(torch.float64)
    assert torch.pi == pytest.approx(3.14159, abs=1e-4)
    assert torch.inf > 1e300
    assert torch.nan != torch.nan
