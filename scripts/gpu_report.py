"""What scripts/gpu-check writes: the machine, what ran, and the benchmarks beside PyTorch's."""

from __future__ import annotations

import ctypes
import json
import platform
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINES_SHOWN = 60
GPU_FIELDS = ("name", "driver_version", "compute_cap", "memory.total")
# Of the CUDA driver's cuDeviceGetAttribute: in kHz and bits.
MEMORY_CLOCK_RATE, MEMORY_BUS_WIDTH = 36, 37
NOT_THERE, LATE, TOO_LATE = "not there", "ran out of time", "no time left"


@dataclass
class Step:
    name: str
    outcome: str  # ok, failed, or one of those above
    seconds: float = 0
    counts: str = ""
    output: str = ""
    status: int | None = None


def rows_of(output: str) -> dict[str, dict]:
    """The rows of a benchmark's output, by name."""
    rows = {}
    for line in output.splitlines():
        if line.startswith("{"):
            row = json.loads(line)
            if "row" in row:
                rows[row["row"]] = row
    return rows


def peer_of(output: str) -> tuple[dict[str, dict], str]:
    first = output.partition("\n")[0]
    name = json.loads(first)["library"] if first.startswith('{"library"') else "PyTorch"
    return rows_of(output), name


def command_output(*command: str) -> str:
    try:
        return subprocess.run(command, text=True, capture_output=True, cwd=ROOT).stdout.strip()
    except OSError:
        return ""


def peak_bandwidth() -> float:
    """Bytes a second from and to the first device's memory, says the driver; 0: unknown."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    device, value = ctypes.c_int(), ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(device), 0):
        return 0
    numbers = []
    for attribute in (MEMORY_CLOCK_RATE, MEMORY_BUS_WIDTH):
        if driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, device):
            return 0
        numbers.append(value.value)
    return 2 * numbers[0] * 1e3 * numbers[1] / 8  # two transfers a clock


def readable(seconds: float) -> str:
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


@dataclass
class Report:
    emulated: bool
    gpu: dict[str, str] = field(default_factory=dict)
    sections: dict[str, list[Step]] = field(default_factory=dict)
    ours: dict[str, dict] = field(default_factory=dict)
    peer: dict[str, dict] = field(default_factory=dict)
    peer_name: str = ""

    def look_for_gpu(self) -> str:
        """Why there is none, or "" and what it is called."""
        tool = shutil.which("nvidia-smi")
        if not tool:
            return "there is no GPU here: no nvidia-smi, so no NVIDIA driver"
        if not shutil.which("nvcc") and not Path("/usr/local/cuda/bin/nvcc").exists():
            return "there is no nvcc here, which compiles the kernels"
        query = [tool, f"--query-gpu={','.join(GPU_FIELDS)}", "--format=csv,noheader"]
        result = subprocess.run(query, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        values = [value.strip() for value in result.stdout.partition("\n")[0].split(",")]
        if result.returncode != 0 or len(values) != len(GPU_FIELDS):
            return f"there is no GPU here: nvidia-smi says: {result.stdout.strip()}"
        self.gpu = dict(zip(GPU_FIELDS, values))
        return ""

    def add(self, section: str, step: Step) -> None:
        self.sections.setdefault(section, []).append(step)

    def steps(self) -> list[Step]:
        return [step for steps in self.sections.values() for step in steps]

    def failed(self) -> list[str]:
        """What is not as it should be. compute-sanitizer need not come to its end."""
        fine = [("ok", None), (NOT_THERE, None), (LATE, "compute-sanitizer")]
        return [
            f"{step.name} ({step.outcome})"
            for section, steps in self.sections.items()
            for step in steps
            if not any(step.outcome == o and where in (None, section) for o, where in fine)
        ]

    def text(self) -> str:
        lines = ["# What the CUDA backend does on a GPU", ""]
        if self.emulated:
            lines += ["**Not a GPU: the emulated device, in short. Its times mean nothing.**", ""]
        lines += self.machine() + self.verdict()
        for section, steps in self.sections.items():
            lines += [f"## {section}", ""]
            rows = [[s.name, s.outcome, s.counts, f"{s.seconds:.0f} s"] for s in steps]
            lines += table(["what", "outcome", "", "took"], rows)
        if self.ours:
            lines += self.benchmarks()
        return "\n".join(lines + self.failures())

    def machine(self) -> list[str]:
        date = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        commit = command_output("git", "rev-parse", "--short", "HEAD") or "unknown"
        changed = " with changes" if command_output("git", "status", "--porcelain") else ""
        rows = [["date", date], ["libtensor", commit + changed]]
        if not self.emulated:
            rows += [["GPU", self.gpu["name"]], ["memory", self.gpu["memory.total"]]]
            rows += [["compute capability", self.gpu["compute_cap"]]]
            rows += [["driver", self.gpu["driver_version"]]]
        nvcc = command_output("nvcc", "--version") or command_output(
            "/usr/local/cuda/bin/nvcc", "--version"
        )
        rows += [["nvcc", nvcc.splitlines()[-1] if nvcc else "none"]]
        rows += [["system", f"{platform.system()} {platform.machine()}"]]
        return ["`scripts/gpu-check` wrote this.", "", *table(["", ""], rows)]

    def verdict(self) -> list[str]:
        failed = self.failed()
        unseen = [f"{s.name} ({s.outcome})" for s in self.steps() if s.outcome in (NOT_THERE, LATE)]
        lines = ["Failed: " + ", ".join(failed) + "." if failed else "Nothing failed."]
        if unseen:
            lines += ["Not seen: " + ", ".join(unseen) + "."]
        return [*lines, ""]

    def benchmarks(self) -> list[str]:
        peak = 0 if self.emulated else peak_bandwidth()
        rows = [self.row(name, row, peak) for name, row in self.ours.items()]
        lines = table(["row", "libtensor", "rate", "of peak", self.peer_name or "-", "ratio"], rows)
        if peak:
            lines += [f"Peak bandwidth, as the driver has it: {peak * 1e-9:.0f} GB/s.", ""]
        return lines

    def row(self, name: str, row: dict, peak: float) -> list[str]:
        seconds, rate, share, peer, ratio = row["seconds"], "", "", "", ""
        if row["bytes"]:
            speed = row["bytes"] / seconds
            rate = f"{speed * 1e-9:.0f} GB/s"
            share = f"{100 * speed / peak:.0f} %" if peak else ""
        elif row["flops"]:
            rate = f"{row['flops'] / seconds * 1e-12:.2f} TFLOP/s"
        if name in self.peer:
            theirs = self.peer[name]["seconds"]
            peer, ratio = readable(theirs), f"{theirs / seconds:.2f}"
        return [name, readable(seconds), rate, share, peer, ratio]

    def failures(self) -> list[str]:
        lines = []
        for step in self.steps():
            if step.outcome not in ("ok", NOT_THERE) and step.output:
                tail = step.output.splitlines()[-LINES_SHOWN:]
                lines += [f"## {step.name}: {step.outcome}", "", "```", *tail, "```", ""]
        return lines
