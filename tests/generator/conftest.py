"""The generator's modules, and a copy of all it reads and writes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools/generate"))

import model  # noqa: E402

ROW = """
[[op]]
name = "blend"
args = "Tensor self, Tensor end, Scalar weight, bool strict=False"
kernel = "pointwise"
functor = "arithmetic.Blend"
rule = "promote"
node = "BlendBackward0"
doc = "Something between the two tensors."
[op.gradient]
self = "mul_scalar(grad, weight)"
end = "scale(grad, weight, self.shape())"
"""


@pytest.fixture
def row():
    """A table's row that no table has."""
    return ROW


@pytest.fixture
def write_table(tmp_path):
    """Writes a table of one family and says where."""

    def write(rows: str) -> Path:
        folder = tmp_path / "table"
        folder.mkdir(exist_ok=True)
        (folder / "mixing.toml").write_text(f'title = "Mixing"\n{rows}')
        return folder

    return write


@pytest.fixture
def read_ops(write_table):
    """The operations of such a table."""
    return lambda rows: model.all_ops(model.load(write_table(rows)))


class Project:
    """A copy of the generator, its inputs and its outputs."""

    def __init__(self, root: Path):
        self.root = root
        self.table = root / "src/ops/table/arithmetic.toml"
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "tools/generate", root / "tools/generate", ignore=ignore)
        shutil.copytree(ROOT / "include", root / "include")
        shutil.copytree(ROOT / "src/ops/table", root / "src/ops/table")
        for name in outputs():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)

    def generate(self, *options: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-B", self.root / "tools/generate", *options]
        return subprocess.run(command, text=True, capture_output=True)

    def add_row(self, text: str) -> None:
        self.table.write_text(self.table.read_text() + text)

    def read(self, name: str) -> str:
        return (self.root / name).read_text()


def outputs() -> list[str]:
    """The files that the generator writes."""
    code = (
        "import runpy, sys; main = runpy.run_path(sys.argv[1]); "
        "print(*main['render'](main['model'].load()))"
    )
    command = [sys.executable, "-B", "-c", code, ROOT / "tools/generate/__main__.py"]
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout.split()


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)
