"""No pointwise or reduction kernel spills registers; and one that does is found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "tools/cuda-report"
BUILD = Path(os.environ.get("LIBTENSOR_BUILD", ROOT / "build"))
SAID = """ptxas info    : Compiling entry function '{name}' for 'sm_90'
ptxas info    : Function properties for {name}
    {stack} bytes stack frame, {spilled} bytes spill stores, {spilled} bytes spill loads
ptxas info    : Used {registers} registers, used 1 barriers, 16 bytes smem, 412 bytes cmem[0]
"""


def report(build: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, REPORT, "--build", build, *options]
    return subprocess.run(command, text=True, capture_output=True)


def said(folder: Path, file: str, **values: int) -> None:
    (folder / "src/cuda/nvidia").mkdir(parents=True, exist_ok=True)
    text = SAID.format(name="kernel", **values)
    (folder / f"src/cuda/nvidia/cuda_{file}.resources").write_text(text)


def test_no_kernel_spills():
    if not list((BUILD / "src/cuda/nvidia").glob("*.resources")):
        pytest.skip("the CUDA plug-in was not built")
    result = report(BUILD, "--check")
    assert result.returncode == 0, result.stderr


def test_a_spill_is_found(tmp_path):
    said(tmp_path, "reduce_sum", registers=255, stack=64, spilled=48)
    result = report(tmp_path, "--check")
    assert result.returncode == 1
    assert "reduce_sum: kernel spills 96 bytes on 90" in result.stderr


def test_other_kernels_may_spill(tmp_path):
    said(tmp_path, "matmul_tiles", registers=255, stack=64, spilled=48)
    said(tmp_path, "pointwise_math", registers=32, stack=0, spilled=0)
    assert report(tmp_path, "--check").returncode == 0


@pytest.mark.parametrize("registers, occupancy", [(32, 1.0), (33, 0.75), (64, 0.5), (255, 0.125)])
def test_occupancy(tmp_path, registers, occupancy):
    """As CUDA's occupancy calculator has it for blocks of 256 threads on 9.0."""
    said(tmp_path, "softmax", registers=registers, stack=0, spilled=0)
    assert f'"occupancy": {occupancy}' in report(tmp_path, "--json").stdout


def test_nothing_was_compiled(tmp_path):
    result = report(tmp_path)
    assert result.returncode == 2
    assert "no kernels were compiled" in result.stderr
