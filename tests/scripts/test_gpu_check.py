"""scripts/gpu-bundle and scripts/gpu-check where there is no GPU: rehearsed on the emulated device.

The bundle is the one that a machine with a GPU gets, but for the plug-in. Faults are planted in
copies of it, and must be seen in the report.
"""

import csv
import io
import json
import os
import runpy
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"
BUILD = Path(os.environ.get("LIBTENSOR_BUILD", ROOT / "build"))
sys.path.insert(0, str(SCRIPTS))
from gpu import bundle, elf, facts, place, rows, runner  # noqa: E402
from gpu.plan import Plan  # noqa: E402
from gpu.report import PROFILER, SANITIZER, Report  # noqa: E402
from gpu.runner import FAILED, LATE, NOT_THERE, OK, TOO_LATE, Phase, Runner, Step, Task  # noqa: E402


def start(script: str, *options: object, path: str = os.environ["PATH"]):
    environment = {**os.environ, "PATH": path, "CUDA_VISIBLE_DEVICES": "0"}
    for name in ("LIBTENSOR_LIBRARY", "LIBTENSOR_BUILD", "LIBTENSOR_EMULATED_CUDA", "PYTHONPATH"):
        environment.pop(name, None)  # what is in the bundle must do
    command = [sys.executable, *map(str, (script, *options))]
    return subprocess.run(command, text=True, capture_output=True, env=environment)


def tool(folder: Path, name: str, script: str) -> str:
    """A program of that name, first on the PATH that is returned."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A bundle with the emulated plug-in."""
    if not (BUILD / "tests/driver_probe").exists():
        pytest.skip("the tests in C++ were not built")
    if os.environ.get("TEST_PRELOAD"):
        pytest.skip("starts programs without the sanitizer's runtime")
    if not shutil.which("patchelf"):
        pytest.skip("there is no patchelf")
    folder = tmp_path_factory.mktemp("made") / "bundle"
    result = start(SCRIPTS / "gpu-bundle", "--emulated", BUILD, folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def copied(made, tmp_path) -> Path:
    """A copy, in which something may be broken."""
    return Path(shutil.copytree(made, tmp_path / "copied"))


def check(folder: Path, out: Path, *options: object, path: str = os.environ["PATH"]):
    """The exit status and both reports of the bundle's own gpu-check."""
    script = folder / "scripts/gpu-check"
    result = start(script, "--bundle", folder, "--out", out, *options, path=path)
    assert (out / "report.md").exists(), result.stdout + result.stderr
    data = json.loads((out / "report.json").read_text())
    return result.returncode, (out / "report.md").read_text(), data


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def steps_of(data: dict) -> dict[str, dict]:
    return {step["name"]: step for steps in data["sections"].values() for step in steps}


SANITIZER_SCRIPT = (
    '[ "$LIBTENSOR_NO_CUDA_MEMORY_CACHING" = 1 ] || exit 3; tool=$2; shift 4; "$@" || exit 9; '
    '[ "$tool" != racecheck ] || { echo "= ERROR SUMMARY: 1 error"; exit 9; }'
)
NCU_SCRIPT = """
echo '"ID","Kernel Name","Metric Name","Metric Unit","Metric Value"'
echo '"0","add(int, float)","gpu__time_duration.sum","us","7.5"'
"""


def test_the_whole_check(made, tmp_path):
    """compute-sanitizer and ncu are ours, and there is one emulated device in the GPU's place."""
    tool(tmp_path / "tools", "ncu", NCU_SCRIPT)
    path = tool(tmp_path / "tools", "compute-sanitizer", SANITIZER_SCRIPT)
    status, text, data = check(made, tmp_path / "out", path=path)
    assert status == 1, text
    assert data["failed"] == ["facts (failed)", "racecheck (failed)"], text
    assert "**Not a GPU: the emulated device" in text
    assert "## racecheck: failed" in text and "ERROR SUMMARY: 1 error" in text
    steps = steps_of(data)
    for name in ("ops", "autograd", "capi", "tests/cuda", "tests/python", "tests/conformance"):
        assert int(steps[name]["note"].split()[0]) > 0
    for name in ("growth", "streams", "exhaustion", "memcheck", "cuda_bench", "products uint8"):
        assert steps[name]["outcome"] == OK
    for row in ("add_float32", "launch_host", "allocate_and_free_1_MiB", "mlp_step"):
        assert f"| {row} |" in text
    assert "| 0 add | 7.5 us |" in text
    log = (tmp_path / "out/log.txt").read_text()
    assert all(f"{name} " in log for name in steps)


def test_a_missing_cublas_is_said_loudly(made, tmp_path):
    """The emulated plug-in multiplies by itself: as on a machine without cuBLAS, none is loaded."""
    _, text, data = check(made, tmp_path / "out", "--minutes", 0.1)
    assert text.index("**NO cuBLAS WAS LOADED") < text.index("| date |")
    assert "NO cuBLAS" in steps_of(data)["facts"]["note"]


def test_faults_are_seen_and_stop_nothing(copied, tmp_path):
    """A test that fails, a program that crashes, one that hangs, a kernel with a wrong result."""
    planted = "def test_index_tensors():\n    assert 0\n"
    (copied / "tests/python/test_planted.py").write_text(planted)
    program = copied / "build/tests"
    tool(program / "ops", "ops_tests", "kill -SEGV $$")
    tool(program / "capi", "capi_tests", "echo the last words; exec sleep 1000")
    replace(copied / "scripts/gpu/smoke.py", "lambda a: a.sum(),", "lambda a: a.sum() + a.is_cuda,")
    replace(copied / "scripts/gpu/plan.py", "command, 85, environment", "command, 3, environment")
    status, text, data = check(copied, tmp_path / "out")
    steps = steps_of(data)
    assert status == 1
    assert set(data["failed"]) == {
        "facts (failed)",
        "sums uint8 (failed)",
        "tests/python (failed)",
        "ops (failed)",
        "capi (ran out of time)",
    }, text
    assert "ended by signal 11" in steps["ops"]["note"]
    assert "differ: [0] is" in steps["sums uint8"]["output"]
    assert steps["capi"]["note"] == "the last words"
    assert "1 failed" in steps["tests/python"]["note"] and "assert 0" in text
    assert steps["cuda_bench"]["outcome"] == OK  # what comes after had its turn


def test_a_library_that_does_not_load(copied, tmp_path):
    (copied / "build/libtensor.so.1").write_bytes(b"")
    status, text, data = check(copied, tmp_path / "out", "--minutes", 1)
    assert status == 1
    assert "facts (failed)" in data["failed"] and "memcheck" not in text
    assert all(steps_of(data)[name]["outcome"] == FAILED for name in ("smoke", "ops", "growth"))


def test_what_finds_no_time_is_no_success(made, tmp_path):
    status, _, data = check(made, tmp_path / "out", "--minutes", 0.001)
    assert status == 1
    assert f"ops ({TOO_LATE})" in data["failed"]


def test_a_bundle_names_nothing_of_the_machine(copied):
    root = str(ROOT)
    assert elf.that_name(copied, [root]) == [] and elf.strangers(copied) == []
    (copied / "tests/support/note.txt").write_text(f"made in {root}")
    assert elf.that_name(copied, [root]) == [f"tests/support/note.txt names {root}"]
    (copied / "build/lib/libhwy.so.1").unlink()
    assert any("libhwy.so.1" in line for line in elf.strangers(copied))
    with pytest.raises(bundle.Broken, match="libhwy"):
        bundle.check(copied, BUILD)


def test_what_is_too_new_gives_way_to_the_machines(copied, tmp_path):
    """As on a system with an older glibc, whose own C++ library serves."""
    file = copied / "bundle.json"
    description = json.loads(file.read_text())
    assert place.numbers(description["glibc"]) <= place.numbers("2.36")
    description["carried"]["libstdc++.so.6"] = "99.0"
    file.write_text(json.dumps(description))
    _, _, data = check(copied, tmp_path / "out", "--minutes", 0.2)
    used = data["facts"]["library"]["libraries"]
    assert used["libtensor.so"].startswith(str(copied))
    assert not used["libstdc++.so"].startswith(str(copied))


def test_a_bundle_whose_tests_fail_is_none(copied):
    (copied / "build/tests/ops.json").unlink()
    with pytest.raises(bundle.Broken, match="ops_tests"):
        bundle.try_it(copied)


def test_without_a_driver(tmp_path):
    result = start(SCRIPTS / "gpu-check", path=str(tmp_path))
    assert result.returncode == 77
    assert result.stderr == "gpu-check: there is no GPU here: no nvidia-smi, so no NVIDIA driver\n"
    assert result.stdout == ""  # it built nothing and ran nothing


def test_with_a_driver_that_finds_no_gpu(tmp_path):
    path = tool(tmp_path, "nvidia-smi", "echo No devices were found; exit 6")
    result = start(SCRIPTS / "gpu-check", path=path)
    assert result.returncode == 77
    assert "nvidia-smi says: No devices were found" in result.stderr


@pytest.mark.parametrize("works", [True, False])
def test_in_a_checkout_a_bundle_is_made_first(made, tmp_path, works):
    """The steps that build are ours; the second hands over a bundle that is there, or fails."""
    shutil.copytree(SCRIPTS, tmp_path / "scripts")
    for folder in ("docs", "build-bundle"):
        (tmp_path / folder).mkdir()
    tool(tmp_path / "scripts", "packages", "exit 0")
    hand_over = f'[ "$1 $2" = "--architectures 90" ] && cp -r {made} "$3"'
    tool(tmp_path / "scripts", "gpu-bundle", hand_over if works else "echo no compiler; exit 1")
    values = ["H200", "580.1", "9.0", *["-"] * (len(facts.GPU_FIELDS) - 3)]
    path = tool(tmp_path / "tools", "nvidia-smi", f"echo '{', '.join(values)}'")
    options = ("--out", tmp_path / "out", "--minutes", 0.02)
    result = start(tmp_path / "scripts/gpu-check", *options, path=path)
    assert result.returncode == 1, result.stderr
    text = (tmp_path / "out/report.md").read_text()
    report = tmp_path / "docs/gpu-report.md"
    if works:
        assert "| gpu-bundle | ok |" in text and "## Facts" in text
        assert report.read_text() == text
    else:
        assert "no compiler" in text and not report.exists()


def test_the_probe_of_the_driver(made):
    """Over a driver that does nothing: each call is made; without one, it says so."""
    probe = made / "build/tests/driver_probe"
    alone = subprocess.run([probe], text=True, capture_output=True)
    assert alone.returncode == 77 and "there is no driver" in alone.stderr
    environment = {"LD_LIBRARY_PATH": str(BUILD / "tests/cuda_null")}
    result = subprocess.run([probe], text=True, capture_output=True, env=environment)
    assert result.returncode == 0, result.stderr
    found = rows.rows_of(result.stdout)
    for row in ("launch", "unmap_128_MiB", "unmap_beside_a_kernel", "reserve_1_TiB"):
        assert found[row]["seconds"] >= 0
    report = Report(probe=found)
    assert "| cudaMalloc_2_MiB |" in report.text()


@pytest.mark.parametrize(
    "section, outcome, failed",
    [
        ("Tests", OK, False),
        ("Tests", FAILED, True),
        ("Tests", LATE, True),
        ("Tests", TOO_LATE, True),
        (SANITIZER, LATE, False),
        (SANITIZER, NOT_THERE, False),
        (SANITIZER, FAILED, True),
        (PROFILER, LATE, False),
    ],
)
def test_what_counts_as_a_failure(section, outcome, failed):
    report = Report()
    report.add(section, Step("a step", outcome))
    assert bool(report.failed()) == failed
    assert ("Nothing failed." in report.text()) == (not failed)


def test_a_step_that_outlives_its_time_is_ended_with_its_children(tmp_path):
    marker = tmp_path / "pid"
    task = Task("hangs", ["sh", "-c", f"sleep 1000 & echo $! > {marker}; echo begun; wait"], 1.5)
    step = runner.run(task, tmp_path, dict(os.environ), 100)
    assert (step.outcome, step.output) == (LATE, "begun\n")
    with pytest.raises(ProcessLookupError):
        for _ in range(1000):  # until whoever inherits orphans has buried it
            os.kill(int(marker.read_text()), 0)
            time.sleep(0.01)


def test_steps_of_a_phase_run_beside_each_other(tmp_path):
    """Each waits for the other's file."""
    tasks = [
        Task(a, ["sh", "-c", f"touch {a}; until [ -e {b} ]; do sleep 0.02; done"], 30)
        for a, b in (("first", "second"), ("second", "first"))
    ]
    run = Runner(1, tmp_path / "log.txt")
    seen = []
    steps = run.run(Phase("both", tasks, 2, 30), tmp_path, dict(os.environ), seen.append)
    assert [step.outcome for step in steps] == [OK, OK] and len(seen) == 2


def test_every_second_is_planned():
    """The phases' shares are the six minutes that the check takes at most."""

    class Nowhere:
        emulated = False

        def __getattr__(self, name):
            raise RuntimeError(name)

    phases = list(Plan(Nowhere(), Report(), Path()).phases())
    assert sum(phase.seconds for phase in phases) == 360
    # A phase of which nothing can be made is a step that fails, and no end.
    assert all(len(phase.tasks) == 1 for phase in phases)


def test_facts():
    maps = "7f00-7f01 r-xp 0 00:00 1    /opt/cuda/lib64/libcublas.so.13.0.2\n7f02 rw-p 0 00:00 0\n"
    assert facts.loaded(maps, "libcublas.so") == "/opt/cuda/lib64/libcublas.so.13.0.2"
    assert facts.loaded(maps, "libcublasLt") == ""
    good = {"library": {"product": 64**3, "libraries": {"libcublas.so": "/a/libcublas.so.13"}}}
    assert facts.complaint(good) == ""
    good["library"]["product"] = 1
    assert "is wrong" in facts.complaint(good)
    assert "no CUDA device: none" in facts.complaint({"library": {"error": "none"}})


def test_rates_shares_and_ratios():
    ours = rows.rows_of(
        '{"row": "add", "seconds": 1e-3, "bytes": 2000000000, "flops": 0}\n'
        '{"row": "matmul", "seconds": 2, "bytes": 0, "flops": 3e12}\nnot json\n{"row": "cut'
    )
    peer, name = rows.peer_of('{"library": "PyTorch 9"}\n{"row": "add", "seconds": 3e-3}\n')
    report = Report(ours=ours, peer=peer, peer_name=name)
    assert rows.compared("add", ours["add"], peer, 4e12) == [
        "add", "1 ms", "2000 GB/s", "50 %", "3 ms", "3.00",
    ]  # fmt: skip
    assert rows.compared("matmul", ours["matmul"], peer, 0) == [
        "matmul", "2 s", "1.50 TFLOP/s", "", "", "",
    ]  # fmt: skip
    assert "| row | libtensor | rate | of peak | PyTorch 9 | ratio |" in report.text()


def test_profiles():
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["ID", "Kernel Name", "Metric Name", "Metric Unit", "Metric Value"])
    for number in (0, 1):
        writer.writerow([number, "void f(int)", "gpu__time_duration.sum", "us", "1.5"])
        writer.writerow([number, "void f(int)", "launch__registers_per_thread", "", "32"])
    found = rows.profiles("==PROF== Connected\n" + out.getvalue())
    assert found == [
        ["0 void f", "1.5 us", "", "", "", "32"],
        ["1 void f", "1.5 us", "", "", "", "32"],
    ]


def test_what_was_measured_in_time_is_kept(tmp_path):
    """Rows of a benchmark that did not come to its end."""
    seen = {}
    row = '{"row": "add", "seconds": 1}'
    command = ["sh", "-c", f"echo '{row}'; sleep 1000"]
    task = Task("slow", command, 1.5, judge=lambda step: seen.update(rows.rows_of(step.output)))
    step = runner.run(task, tmp_path, dict(os.environ), 100)
    assert (step.outcome, step.note, list(seen)) == (LATE, row, ["add"])


def test_a_cublas_that_lies_somewhere_serves(tmp_path):
    """The library found none by itself: the steps that follow are shown the folder."""
    where = place.Place(tmp_path, tmp_path, sys.executable)
    report = Report(facts={"library": {"libraries": {"libcublas.so": ""}}, "cublas_files": []})
    check_module = runpy.run_path(str(SCRIPTS / "gpu-check"))
    check_module["use_cublas"](where, report)
    assert "LD_LIBRARY_PATH" not in where.environment or where.libraries == []
    report.facts["cublas_files"] = ["/opt/a/libcublas.so.13"]
    check_module["use_cublas"](where, report)
    assert where.environment["LD_LIBRARY_PATH"].startswith("/opt/a")
