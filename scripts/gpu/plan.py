"""The steps of a check, in the order of what a second of them tells."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import tally

from . import rows
from .facts import complaint
from .place import Place
from .report import PROFILER, SANITIZER, Report
from .runner import FAILED, LATE, OK, Phase, Step, Task, last_line

# Programs and how many processes share the work of each on a GPU.
SUITES = {
    "ops": ("tests/ops/ops_tests", 4),
    "autograd": ("tests/autograd/autograd_tests", 2),
    "capi": ("tests/capi/capi_tests", 2),
    "random calls": ("tests/capi/random_call_tests", 1),
}
# Folders of tests in Python: what to run, and with how many workers.
PYTHON_SUITES = {
    "tests/cuda": ("tests/cuda", 0),
    "tests/python": ("tests/python", 2),
    "tests/conformance": ("tests/conformance/test_conformance.py", 6),
}
# On the emulated device.
SHORT = {
    "ops": "All/Gradient.EqualsDifferences/sum*",
    "autograd": "Backward.*",
    "capi": "Read.*",
    "random calls": "*Fail*",
    "tests/cuda": "test_devices or test_faults",
    "tests/python": "test_index_tensors",
    "tests/conformance": "add-function-float32",
}
SHORT_DTYPES = ("float32", "uint8")
# Under compute-sanitizer, which makes kernels up to hundreds of times slower.
TOOLS = ("memcheck", "racecheck", "synccheck", "initcheck")
SANITIZED = "All/Gradient.EqualsDifferences/*:Seeds/RandomProgram.*/1?"
SANITIZED_FAMILIES = ("arithmetic", "sums", "softmax", "products", "indexing", "losses")
# Every block straight from the driver: memcheck sees the bounds of each (docs/cuda.md).
PLAIN_MEMORY = {"LIBTENSOR_NO_CUDA_MEMORY_CACHING": "1"}
FOUND = 9  # compute-sanitizer's exit status where it has something to say


def tool(name: str) -> str | None:
    return shutil.which(name) or shutil.which(f"/usr/local/cuda/bin/{name}")


class Plan:
    def __init__(self, place: Place, report: Report, work: Path) -> None:
        self.place, self.report, self.work = place, report, work
        self.short = place.emulated

    def phases(self) -> Iterator[Phase]:
        """Their seconds add up to six minutes; a phase that is done early leaves the rest over."""
        for name, tasks, workers, seconds in (
            ("Facts", self.facts, 1, 25),
            ("The driver's costs", self.probe, 1, 25),
            ("Each kernel beside the CPU's", self.smoke, 8, 45),
            ("Tests", self.suites, 12, 85),
            ("Memory", self.memory, 1, 35),
            ("Benchmarks", self.benchmarks, 1, 60),
            (SANITIZER, self.sanitizer, 5, 55),
            (PROFILER, self.profiler, 1, 30),
        ):
            try:
                made = tasks()
            except Exception as error:  # of this script, which goes on with the next phase
                made = [broken(name, f"{type(error).__name__}: {error}")]
            yield Phase(name, made, workers, seconds)

    def facts(self) -> list[Task]:
        def judge(step: Step) -> None:
            try:
                self.report.facts = json.loads(step.output.partition("\n")[0])
            except ValueError:
                step.note = "nothing is known"
                return
            step.note = complaint(self.report.facts)

        command = [self.place.python, "-m", "gpu.facts"]
        return [Task("facts", command, 25, self.scripts_found(), judge)]

    def scripts_found(self) -> dict[str, str]:
        path = f"{self.place.root / 'scripts'}:{self.place.environment['PYTHONPATH']}"
        return {"PYTHONPATH": path}

    def probe(self) -> list[Task]:
        def judge(step: Step) -> None:
            self.report.probe = rows.rows_of(step.output)
            step.note = f"{len(self.report.probe)} rows" if step.outcome == OK else step.note

        return [Task("driver_probe", [self.place.program("tests/driver_probe")], 25, judge=judge)]

    def smoke(self) -> list[Task]:
        listed = subprocess.run(
            list(map(str, self.place.script("scripts/gpu/smoke.py", "--list"))),
            env=self.place.environment,
            capture_output=True,
            text=True,
            timeout=30,
        )
        if listed.returncode != 0:  # the library does not load: once more, to be seen in the report
            return [Task("smoke", self.place.script("scripts/gpu/smoke.py", "--list"), 30)]
        tasks = []
        for family, *dtypes in map(str.split, listed.stdout.splitlines()):
            chosen = [d for d in dtypes if d in SHORT_DTYPES][:1] if self.short else dtypes
            tasks += [self.one_smoke(family, dtype) for dtype in chosen]
        return tasks

    def one_smoke(self, family: str, dtype: str, **more) -> Task:
        small = ["--small"] if self.short else []
        command = self.place.script("scripts/gpu/smoke.py", family, dtype, *small)
        return Task(f"{family} {dtype}", command, 30, judge=last_words, **more)

    def suites(self) -> list[Task]:
        tasks = []
        for name, (program, count) in SUITES.items():
            for shard in range(1 if self.short else count):
                tasks.append(self.suite(name, program, shard, 1 if self.short else count))
        tasks += [self.python_suite(name, *rest) for name, rest in PYTHON_SUITES.items()]
        return tasks

    def suite(self, name: str, program: str, shard: int, count: int) -> Task:
        junit = self.work / f"{name}-{shard}.xml"
        command = [self.place.program(program), f"--gtest_output=xml:{junit}"]
        if self.short:
            command.append(f"--gtest_filter={SHORT[name]}")
        environment = {"GTEST_TOTAL_SHARDS": str(count), "GTEST_SHARD_INDEX": str(shard)}
        shown = f"{name} {shard + 1}/{count}" if count > 1 else name
        return Task(shown, command, 85, environment, count_tests(junit))

    def python_suite(self, name: str, tests: str, workers: int) -> Task:
        junit = self.work / f"{name.replace('/', '-')}.xml"
        arguments = [f"--junitxml={junit}", tests]
        if self.short:
            arguments += ["-k", SHORT[name]]
        elif workers:
            arguments.append(f"--numprocesses={workers}")
        return Task(name, self.place.pytest(*arguments), 85, judge=count_tests(junit))

    def memory(self) -> list[Task]:
        small = ["--small"] if self.short else []
        script = "scripts/gpu/memory.py"
        return [
            Task(what, self.place.script(script, what, *small), 20, judge=last_words)
            for what in ("growth", "streams", "exhaustion")
        ]

    def benchmarks(self) -> list[Task]:
        def ours(step: Step) -> None:
            self.report.ours = rows.rows_of(step.output)
            step.note = f"{len(self.report.ours)} rows"

        def peers(step: Step) -> None:
            if step.outcome in (OK, LATE):
                self.report.peer, self.report.peer_name = rows.peer_of(step.output)
            else:
                step.note = last_line(step.output)

        bench = [self.place.program("tests/cuda_bench"), *(["--short"] if self.short else [])]
        peer = [peer_python(), self.place.root / "bench/cuda_peer.py"]
        return [
            Task("cuda_bench", bench, 30, judge=ours),
            Task("PyTorch", peer, 45, judge=peers),
        ]

    def sanitizer(self) -> list[Task]:
        sanitizer = tool("compute-sanitizer")
        if not sanitizer:
            return [missing("compute-sanitizer")]
        chosen = SHORT["ops"] if self.short else SANITIZED
        tests = [self.place.program("tests/ops/ops_tests"), f"--gtest_filter={chosen}"]
        tasks = [Task(t, under(sanitizer, t, tests), 55, PLAIN_MEMORY, found) for t in TOOLS]
        for family in () if self.short else SANITIZED_FAMILIES:
            command = self.place.script("scripts/gpu/smoke.py", family, "float32", "--small")
            name = f"memcheck {family}"
            tasks.append(Task(name, under(sanitizer, "memcheck", command), 30, PLAIN_MEMORY, found))
        return tasks

    def profiler(self) -> list[Task]:
        def judge(step: Step) -> None:
            self.report.profiles = rows.profiles(step.output)
            step.note = f"{len(self.report.profiles)} kernels"
            if not self.report.profiles:
                step.outcome = FAILED

        profiler = tool("ncu")
        if not profiler:
            return [missing("ncu")]
        command = [profiler, "--csv", "--clock-control", "none", "--launch-count", 60]
        command += ["--metrics", ",".join(rows.METRICS), self.place.program("tests/cuda_bench")]
        command += ["--short" if self.short else "--once"]
        return [Task("kernels", command, 30, judge=judge)]


def under(sanitizer: str, tool_name: str, command: list[object]) -> list[object]:
    return [sanitizer, "--tool", tool_name, "--error-exitcode", FOUND, *command]


def missing(name: str) -> Task:
    return Task(name, ["sh", "-c", f"echo there is no {name}; exit 77"], judge=last_words)


def broken(name: str, why: str) -> Task:
    return Task(name, [sys.executable, "-c", f"import sys; sys.exit({why!r})"])


def last_words(step: Step) -> None:
    step.note = step.note or last_line(step.output)


def found(step: Step) -> None:
    """compute-sanitizer's summary."""
    summaries = [line for line in step.output.splitlines() if "SUMMARY" in line]
    step.note = summaries[-1].strip("= ") if summaries else step.note


def count_tests(junit: Path) -> Callable[[Step], None]:
    """Of the file that the tests write; a program that ends without it has failed."""

    def judge(step: Step) -> None:
        if step.outcome == LATE:
            return
        counts = tally.with_crashes(tally.from_junit(junit), step.status)
        skipped = f", {counts.skipped} skipped" if counts.skipped else ""
        step.note = "; ".join(filter(None, [f"{counts}{skipped}", step.note]))
        step.outcome = FAILED if counts.failed else OK

    return judge


def peer_python() -> str:
    """The first Python that has PyTorch, else this one, which says that it has none."""
    names = (shutil.which(name) for name in ("python3", "python"))
    question = "import importlib.util as u; raise SystemExit(u.find_spec('torch') is None)"
    for python in filter(None, (sys.executable, *names)):
        if subprocess.run([python, "-c", question], capture_output=True).returncode == 0:
            return python
    return sys.executable
