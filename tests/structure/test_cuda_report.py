"""Pointwise and reduction kernels spill no registers, and flat pointwise kernels load 128 bits at a
time; others are found."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "tools/cuda-report"
BUILD = Path(os.environ.get("LIBTENSOR_BUILD", ROOT / "build"))
NVCC = shutil.which("nvcc") or shutil.which("/usr/local/cuda/bin/nvcc")
SAID = """ptxas info    : Compiling entry function '{name}' for 'sm_{architecture}'
ptxas info    : Function properties for {name}
    {stack} bytes stack frame, {spilled} bytes spill stores, {spilled} bytes spill loads
ptxas info    : Used {registers} registers, used 1 barriers, {shared} bytes smem, 412 bytes cmem[0]
"""
NO_TOOL = "128-bit loads: not looked for"


def report(build: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, REPORT, "--build", build, *options]
    return subprocess.run(command, text=True, capture_output=True)


def said(folder: Path, file: str, name="kernel", architecture=90, shared=16, **values: int) -> None:
    (folder / "src/cuda/nvidia").mkdir(parents=True, exist_ok=True)
    text = SAID.format(name=name, architecture=architecture, shared=shared, **values)
    (folder / f"src/cuda/nvidia/cuda_{file}.resources").write_text(text)


@pytest.fixture(scope="module")
def checked():
    if not list((BUILD / "src/cuda/nvidia").glob("*.resources")):
        pytest.skip("the CUDA plug-in was not built")
    return report(BUILD, "--check")


def test_no_kernel_spills(checked):
    assert "spills" not in checked.stderr
    assert checked.returncode == 0, checked.stderr


def test_flat_kernels_load_128_bits(checked):
    if NO_TOOL in checked.stdout:
        pytest.skip("there is no cuobjdump: scripts/cuda-tools fetches it")
    last = checked.stdout.splitlines()[-1].split()
    assert last[3] == last[5], checked.stderr
    assert int(last[3]) > 300


def test_a_spill_is_found(tmp_path):
    said(tmp_path, "reduce_sum", registers=255, stack=64, spilled=48)
    result = report(tmp_path, "--check")
    assert result.returncode == 1
    assert "reduce_sum: kernel spills 96 bytes on 90" in result.stderr


def test_other_kernels_may_spill(tmp_path):
    said(tmp_path, "matmul_tiles", registers=255, stack=64, spilled=48)
    said(tmp_path, "pointwise_math", registers=32, stack=0, spilled=0)
    assert report(tmp_path, "--check").returncode == 0


@pytest.mark.parametrize("lanes, status", [("float4", 0), ("float", 1), ("float2", 1)])
def test_a_narrow_load_is_found(tmp_path, lanes, status):
    """In the machine code of a kernel that nvcc makes here."""
    if not NVCC:
        pytest.skip("there is no nvcc")
    said(tmp_path, "pointwise_planted", registers=32, stack=0, spilled=0)
    if (BUILD / "cuda-tools").exists():
        (tmp_path / "cuda-tools").symlink_to(BUILD / "cuda-tools")
    source = tmp_path / "planted.cu"
    source.write_text(
        f"__global__ void flat_kernel({lanes}* out, const {lanes}* in) {{\n"
        f"  {lanes} value = in[threadIdx.x];\n"
        f"  reinterpret_cast<float&>(value) *= 2;\n"
        f"  out[threadIdx.x] = value;\n}}\n"
    )
    target = tmp_path / "src/cuda/nvidia/cuda_pointwise_planted.o"
    subprocess.run([NVCC, "-arch=sm_90", "-c", source, "-o", target], check=True)
    result = report(tmp_path, "--check")
    if NO_TOOL in result.stdout:
        pytest.skip("there is no cuobjdump: scripts/cuda-tools fetches it")
    assert result.returncode == status, result.stderr
    assert ("does not load 128 bits at a time on 90" in result.stderr) == bool(status)


@pytest.mark.parametrize(
    "architecture, registers, shared, occupancy",
    [
        (90, 32, 0, 1.0),
        (90, 33, 0, 0.75),
        (90, 64, 0, 0.5),
        (90, 255, 0, 0.125),
        (90, 32, 40000, 0.625),
        (75, 64, 0, 1.0),
        (75, 32, 32768, 0.5),
        (86, 32, 0, 1.0),
        (86, 48, 0, 5 / 6),
    ],
)
def test_occupancy(tmp_path, architecture, registers, shared, occupancy):
    """As CUDA's occupancy calculator has it for blocks of 256 threads."""
    numbers = {"registers": registers, "shared": shared, "architecture": architecture}
    said(tmp_path, "softmax", stack=0, spilled=0, **numbers)
    assert f'"occupancy": {occupancy}' in report(tmp_path, "--json").stdout


def test_each_kernel_has_a_line(tmp_path):
    said(tmp_path, "softmax", name="_ZN1a6kernelIfEEvv", registers=40, stack=8, spilled=0)
    header, line, _ = report(tmp_path, "--kernels").stdout.splitlines()
    assert header.split() == [
        "file", "arch", "registers", "spilled", "stack", "shared", "occupancy", "name",
    ]  # fmt: skip
    assert line.split()[:6] == ["softmax", "90", "40", "0", "8", "16"]
    assert line.split()[6:8] == ["75", "%"]


def test_nothing_was_compiled(tmp_path):
    result = report(tmp_path)
    assert result.returncode == 2
    assert "no kernels were compiled" in result.stderr
