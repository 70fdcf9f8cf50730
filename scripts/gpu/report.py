"""What scripts/gpu-check writes: the machine, what ran, what failed, and the measurements."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from .facts import NO_CUBLAS
from .rows import METRICS, compared, readable, table
from .runner import LATE, NOT_THERE, OK, Step

LINES_SHOWN, COLUMNS_SHOWN = 30, 300
JSON_CHARACTERS = 20_000  # of a step's output
SANITIZER, PROFILER = "compute-sanitizer", "ncu"


@dataclass
class Report:
    description: dict = field(default_factory=dict)  # of the bundle
    facts: dict = field(default_factory=dict)
    sections: dict[str, list[Step]] = field(default_factory=dict)
    probe: dict[str, dict] = field(default_factory=dict)
    ours: dict[str, dict] = field(default_factory=dict)
    peer: dict[str, dict] = field(default_factory=dict)
    peer_name: str = ""
    profiles: list[list[str]] = field(default_factory=list)

    def add(self, section: str, step: Step) -> None:
        self.sections.setdefault(section, []).append(step)

    def steps(self) -> list[Step]:
        return [step for steps in self.sections.values() for step in steps]

    def failed(self) -> list[str]:
        """What is not as it should be. compute-sanitizer and ncu need not come to their ends."""
        fine = [(OK, None), (NOT_THERE, None), (LATE, SANITIZER), (LATE, PROFILER)]
        return [
            f"{step.name} ({step.outcome})"
            for section, steps in self.sections.items()
            for step in steps
            if not any(step.outcome == o and where in (None, section) for o, where in fine)
        ]

    def write(self, folder: Path) -> None:
        (folder / "report.md").write_text(self.text())
        (folder / "report.json").write_text(json.dumps(self.data(), indent=1) + "\n")

    def data(self) -> dict:
        data = {**asdict(self), "failed": self.failed()}
        for steps in data["sections"].values():
            for step in steps:
                step["output"] = step["output"][-JSON_CHARACTERS:]
        return data

    def text(self) -> str:
        lines = ["# What the CUDA backend does on a GPU", ""]
        if self.description.get("emulated"):
            lines += ["**Not a GPU: the emulated device, in short. Its times mean nothing.**", ""]
        lines += self.loud() + self.machine() + self.verdict()
        for section, steps in self.sections.items():
            lines += [f"## {section}", ""]
            rows = [[s.name, s.outcome, s.note, f"{s.seconds:.1f} s"] for s in steps]
            lines += table(["what", "outcome", "", "took"], rows)
        return "\n".join(lines + self.measurements() + self.failures())

    def loud(self) -> list[str]:
        library = self.facts.get("library", {})
        if "libraries" in library and not library["libraries"].get("libcublas.so"):
            files = self.facts.get("cublas_files") or ["none"]
            return [f"**{NO_CUBLAS}.** Files of cuBLAS here: {', '.join(files)}.", ""]
        return []

    def machine(self) -> list[str]:
        date = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        rows = [["date", date]]
        rows += [[f"bundle: {name}", str(value)] for name, value in self.description.items()]
        for number, gpu in enumerate(self.facts.get("gpus", [])):
            rows += [[f"GPU {number}: {name}", value] for name, value in gpu.items()]
        library = self.facts.get("library", {})
        rows += [[f"libtensor: {name}", str(value)] for name, value in library.items()]
        for name in ("system", "cores", "python", "nvcc", "variables", "cublas_files"):
            if name in self.facts:
                rows.append([name, str(self.facts[name])])
        return ["`scripts/gpu-check` wrote this.", "", *table(["", ""], rows)]

    def verdict(self) -> list[str]:
        failed = self.failed()
        unseen = [f"{s.name} ({s.outcome})" for s in self.steps() if s.outcome in (NOT_THERE, LATE)]
        lines = ["Failed: " + ", ".join(failed) + "." if failed else "Nothing failed."]
        if unseen:
            lines += ["", "Not seen: " + ", ".join(unseen) + "."]
        return [*lines, ""]

    def measurements(self) -> list[str]:
        lines = []
        if self.probe:
            rows = [[n, readable(row["seconds"]), row["note"]] for n, row in self.probe.items()]
            lines += ["## What the driver's calls cost", "", *table(["call", "took", ""], rows)]
        if self.ours:
            peak = self.facts.get("peak_bandwidth", 0)
            rows = [compared(name, row, self.peer, peak) for name, row in self.ours.items()]
            header = ["row", "libtensor", "rate", "of peak", self.peer_name or "-", "ratio"]
            lines += ["## Measurements", "", *table(header, rows)]
            if peak:
                lines += [f"Peak bandwidth, as the driver has it: {peak * 1e-9:.0f} GB/s.", ""]
        if self.profiles:
            lines += ["## Kernels under ncu", ""]
            lines += table(["kernel", *METRICS.values()], self.profiles)
        return lines

    def failures(self) -> list[str]:
        lines = []
        for step in self.steps():
            if step.outcome not in (OK, NOT_THERE) and step.output:
                tail = [line[:COLUMNS_SHOWN] for line in step.output.splitlines()[-LINES_SHOWN:]]
                lines += [f"## {step.name}: {step.outcome}", "", "```", *tail, "```", ""]
        return lines
