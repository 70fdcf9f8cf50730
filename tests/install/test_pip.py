"""Installs the Python package with pip in a fresh environment, and uses it from elsewhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

for module in ("ensurepip", "setuptools", "wheel"):
    pytest.importorskip(module)

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("LIBTENSOR_BUILD", ROOT / "build"))
PROGRAM = """
import importlib, pkgutil
import libtensor as torch
for module in pkgutil.walk_packages(torch.__path__, "libtensor."):
    importlib.import_module(module.name)
    print(module.name)
x = torch.ones(2, requires_grad=True)
torch.utils.checkpoint.checkpoint(lambda x: (x * x).sum(), x, use_reentrant=False).backward()
print(torch.__file__, x.grad)
"""
sys.path.append(str(ROOT / "tests/support"))
from sanitized import preloading  # noqa: E402


def run(*command: object, folder: Path, **variables: str) -> str:
    words = [str(word) for word in command]
    environment = {**os.environ, **variables}
    environment.pop("PYTHONPATH", None)
    result = subprocess.run(words, cwd=folder, env=environment, text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment that has the package. Nothing is downloaded."""
    folder = tmp_path_factory.mktemp("pip")
    # Building leaves files beside the sources.
    left_out = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    source = shutil.copytree(ROOT / "bindings/python", folder / "source", ignore=left_out)
    run(sys.executable, "-m", "venv", "--system-site-packages", folder / "venv", folder=folder)
    python = folder / "venv/bin/python"
    offline = ["--no-index", "--no-build-isolation", "--no-deps", "--disable-pip-version-check"]
    run(python, "-m", "pip", "install", *offline, source, folder=folder)
    return python


def test_whole_package_is_installed(python, tmp_path):
    library = {"LIBTENSOR_LIBRARY": str(BUILD / "libtensor.so")}
    output = run(python, "-c", PROGRAM, folder=tmp_path, **library, **preloading())
    *modules, last = output.splitlines()
    where, gradient = last.split(" ", 1)
    assert Path(where).is_relative_to(python.parents[1])
    assert gradient == "tensor([2., 2.])"

    package = ROOT / "bindings/python/libtensor"
    files = [path.relative_to(package.parent) for path in package.rglob("*.py")]
    names = {".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in files}
    assert set(modules) == names - {"libtensor"}
