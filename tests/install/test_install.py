"""Installs the library in a folder of its own, and uses it from there only."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("LIBTENSOR_BUILD", ROOT / "build"))
WARNINGS = ["-pedantic", "-Wall", "-Wextra", "-Werror"]
EXPECTED = """\
version 010000
tensor([[1., 1.],
        [1., 1.]], grad_fn=<MulBackward0>)
grad can be implicitly created only for scalar outputs
0 handles
"""
sys.path.append(str(ROOT / "tests/support"))
from sanitized import preloading  # noqa: E402


def run(*command: object, **variables: str) -> str:
    words = [str(word) for word in command]
    result = subprocess.run(words, env={**os.environ, **variables}, text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def destination(tmp_path_factory):
    """Where / of the installed system is."""
    folder = tmp_path_factory.mktemp("installed")
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", folder)
    return folder


def the_one(destination: Path, pattern: str) -> Path:
    found = sorted(destination.rglob(pattern))
    assert len(found) == 1, f"{pattern}: {found}"
    return found[0]


@pytest.fixture(scope="module")
def flags(destination):
    """What pkg-config says, for the compiler and for the linker."""
    folder = the_one(destination, "libtensor.pc").parent
    variables = {"PKG_CONFIG_LIBDIR": str(folder), "PKG_CONFIG_SYSROOT_DIR": str(destination)}
    output = run("pkg-config", "--cflags", "--libs", "libtensor", **variables)
    assert str(destination) in output
    return output.split()


def test_all_headers_are_installed(destination):
    source = ROOT / "include"
    folder = the_one(destination, "tensor/tensor.h").parents[1]

    def headers(root: Path) -> list[str]:
        return sorted(str(path.relative_to(root)) for path in root.rglob("*.h*"))

    assert headers(folder) == headers(source)


def test_library_and_its_names(destination):
    library = the_one(destination, "libtensor.so.1")
    assert library.resolve().name == "libtensor.so.1.0.0"
    assert the_one(destination, "libtensor.so").resolve() == library.resolve()


def test_table_of_operations(destination):
    table = json.loads(the_one(destination, "share/libtensor/ops.json").read_text())
    assert "add" in json.dumps(table)


def test_description_of_the_api(destination):
    api = json.loads(the_one(destination, "share/libtensor/api.json").read_text())
    assert any(function["name"] == "tensor_add" for function in api["functions"])
    assert "tensor_add(" in the_one(destination, "share/libtensor/tensor.cdef.h").read_text()


def test_licence(destination):
    installed = the_one(destination, "share/licenses/libtensor/LICENSE")
    assert installed.read_text() == (ROOT / "LICENSE").read_text()


CMAKE_LISTS = f"""\
cmake_minimum_required(VERSION 3.13)
project(consumer C)
find_package(libtensor 1.0 REQUIRED)
add_executable(program {HERE / "consumer.c"})
target_link_libraries(program libtensor::libtensor)
"""


def test_cmake_finds_it(destination, tmp_path):
    if not shutil.which("cmake"):
        pytest.skip("no cmake")
    (tmp_path / "CMakeLists.txt").write_text(CMAKE_LISTS)
    folder = the_one(destination, "libtensorConfig.cmake").parent
    flags = os.environ.get("TEST_COMPILE_FLAGS", "")
    run("cmake", "-B", tmp_path / "out", "-S", tmp_path, f"-Dlibtensor_DIR={folder}",
        f"-DCMAKE_C_FLAGS={flags}")  # fmt: skip
    run("cmake", "--build", tmp_path / "out")
    assert run(tmp_path / "out/program") == EXPECTED


def test_pkg_config(destination, flags):
    assert "-ltensor" in flags
    assert all(flag.startswith(("-I", "-L", "-l")) for flag in flags)
    version = (ROOT / "meson.build").read_text().split("version: '")[1].split("'")[0]
    folder = the_one(destination, "libtensor.pc").parent
    said = run("pkg-config", "--modversion", "libtensor", PKG_CONFIG_LIBDIR=str(folder))
    assert said.strip() == version


@pytest.mark.parametrize(
    ("compiler", "standard", "source"),
    [
        ("gcc", "c99", "consumer.c"),
        ("gcc", "c11", "consumer.c"),
        ("g++", "c++11", "consumer.cpp"),
        ("g++", "c++17", "consumer.cpp"),
        ("g++", "c++20", "consumer.cpp"),
    ],
)
def test_program(destination, flags, tmp_path, compiler, standard, source):
    program = tmp_path / "program"
    how = [f"-std={standard}", *WARNINGS, *os.environ.get("TEST_COMPILE_FLAGS", "").split()]
    run(compiler, *how, HERE / source, "-o", program, *flags)
    folder = the_one(destination, "libtensor.so.1").parent
    assert run(program, LD_LIBRARY_PATH=str(folder)) == EXPECTED


def run_installed_python(destination: Path, code: str, **variables: str) -> str:
    package = the_one(destination, "libtensor/__init__.py").parent
    variables["PYTHONPATH"] = str(package.parent)
    return run(sys.executable, "-c", code, **variables, **preloading())


def test_python_package_with_a_named_library(destination):
    library = the_one(destination, "libtensor.so.1")
    code = "import libtensor as torch; print(torch.__file__); print(torch.ones(2) + 1)"
    output = run_installed_python(destination, code, LIBTENSOR_LIBRARY=str(library))
    where, text = output.splitlines()
    assert where.startswith(str(destination))
    assert text == "tensor([2., 2.])"


def test_python_package_finds_the_installed_library(destination):
    folder = the_one(destination, "libtensor.so.1").parent
    code = "import libtensor as torch; torch.ones(2); print(open('/proc/self/maps').read())"
    found_by = {"LIBTENSOR_LIBRARY": "", "LD_LIBRARY_PATH": str(folder)}
    maps = run_installed_python(destination, code, **found_by)
    assert str(folder / "libtensor.so.1.0.0") in maps
