"""scripts/gpu-check where there is no GPU: it says so, and its steps run on the emulated device."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"
BUILD = Path(os.environ.get("LIBTENSOR_BUILD", ROOT / "build"))
sys.path.insert(0, str(SCRIPTS))
from gpu_report import LATE, NOT_THERE, TOO_LATE, Report, Step, peer_of, rows_of  # noqa: E402


def gpu_check(*options: object, path: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPTS / "gpu-check", *options]
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, text=True, capture_output=True, env=environment)


def tool(folder: Path, name: str, script: str) -> str:
    """A program of that name, first on the PATH that is returned."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_without_a_driver(tmp_path):
    result = gpu_check(path=str(tmp_path))
    assert result.returncode == 77
    assert result.stderr == "gpu-check: there is no GPU here: no nvidia-smi, so no NVIDIA driver\n"
    assert result.stdout == ""  # it built nothing and ran nothing


def test_with_a_driver_that_finds_no_gpu(tmp_path):
    tool(tmp_path, "nvcc", "exit 0")
    result = gpu_check(path=tool(tmp_path, "nvidia-smi", "echo No devices were found; exit 6"))
    assert result.returncode == 77
    assert "nvidia-smi says: No devices were found" in result.stderr


def test_the_emulated_device_does_not_overwrite_the_report():
    result = gpu_check("--emulated", BUILD, path=os.environ["PATH"])
    assert result.returncode == 2
    assert "needs a --report of its own" in result.stderr


@pytest.fixture
def build():
    if not (BUILD / "tests/cuda_bench").exists():
        pytest.skip("the tests in C++ were not built")
    if os.environ.get("TEST_PRELOAD"):
        pytest.skip("starts programs without the sanitizer's runtime")
    return BUILD


def test_all_steps_on_the_emulated_device(build, tmp_path):
    """compute-sanitizer is one of ours, which finds something with racecheck."""
    path = tool(
        tmp_path,
        "compute-sanitizer",
        'tool=$2; shift 4; "$@" || exit 9; [ $tool != racecheck ] || { echo a race; exit 9; }',
    )
    file = tmp_path / "report.md"
    result = gpu_check("--emulated", build, "--report", file, path=path)
    text = file.read_text()
    assert result.returncode == 1, result.stdout + text
    assert "**Not a GPU: the emulated device" in text
    assert "Failed: racecheck (failed)." in text
    assert "## racecheck: failed" in text
    assert "a race\n" in text
    for step in ("ops", "autograd", "capi", "tests/python", "tests/conformance"):
        row = next(line for line in text.splitlines() if line.startswith(f"| {step} |"))
        assert "| ok |" in row
        assert int(row.split("|")[3].split()[0]) > 0
    for step in ("memcheck", "synccheck", "cuda_bench"):
        assert f"| {step} | ok |" in text
    for row in ("add_float32", "launch_host", "allocate_and_free_1_MiB", "mlp_step"):
        assert f"| {row} |" in text


def test_what_finds_no_time_is_no_success(build, tmp_path):
    file = tmp_path / "report.md"
    options = ("--emulated", build, "--report", file, "--minutes", "0.01")
    assert gpu_check(*options, path=os.environ["PATH"]).returncode == 1
    assert f"ops ({TOO_LATE})" in file.read_text()


@pytest.mark.parametrize(
    "section, outcome, failed",
    [
        ("Tests", "ok", False),
        ("Tests", "failed", True),
        ("Tests", LATE, True),
        ("Tests", TOO_LATE, True),
        ("compute-sanitizer", LATE, False),
        ("compute-sanitizer", NOT_THERE, False),
        ("compute-sanitizer", "failed", True),
    ],
)
def test_what_counts_as_a_failure(section, outcome, failed):
    report = Report(emulated=True)
    report.add(section, Step("a step", outcome))
    assert bool(report.failed()) == failed
    assert ("Nothing failed." in report.text()) == (not failed)


def test_rates_shares_and_ratios():
    ours = rows_of(
        '{"row": "add", "seconds": 1e-3, "bytes": 2000000000, "flops": 0}\n'
        '{"row": "matmul", "seconds": 2, "bytes": 0, "flops": 3e12}\nnot json\n'
    )
    peer, name = peer_of('{"library": "PyTorch 9"}\n{"row": "add", "seconds": 3e-3}\n')
    report = Report(emulated=True, ours=ours, peer=peer, peer_name=name)
    assert report.row("add", ours["add"], 4e12) == [
        "add", "1 ms", "2000 GB/s", "50 %", "3 ms", "3.00",
    ]  # fmt: skip
    assert report.row("matmul", ours["matmul"], 0) == [
        "matmul", "2 s", "1.50 TFLOP/s", "", "", "",
    ]  # fmt: skip
    assert "| row | libtensor | rate | of peak | PyTorch 9 | ratio |" in report.text()
