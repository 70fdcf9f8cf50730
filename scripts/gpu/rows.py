"""Rows of benchmarks, probes and profiles as tables."""

from __future__ import annotations

import csv
import json

METRICS = {
    "gpu__time_duration.sum": "time",
    "dram__throughput.avg.pct_of_peak_sustained_elapsed": "memory",
    "sm__throughput.avg.pct_of_peak_sustained_elapsed": "multiprocessors",
    "sm__warps_active.avg.pct_of_peak_sustained_active": "warps active",
    "launch__registers_per_thread": "registers",
}


def rows_of(output: str) -> dict[str, dict]:
    """The rows of a benchmark's output, by name."""
    rows = {}
    for line in output.splitlines():
        if line.startswith("{"):
            try:
                row = json.loads(line)
            except ValueError:  # it was ended in the middle of a line
                continue
            if "row" in row:
                rows[row["row"]] = row
    return rows


def peer_of(output: str) -> tuple[dict[str, dict], str]:
    first = output.partition("\n")[0]
    name = json.loads(first)["library"] if first.startswith('{"library"') else "PyTorch"
    return rows_of(output), name


def readable(seconds: float) -> str:
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def compared(name: str, row: dict, peer: dict[str, dict], peak: float) -> list[str]:
    """One of ours beside the peer's. `peak`: bytes a second that memory gives, 0: unknown."""
    seconds, rate, share, theirs, ratio = row["seconds"], "", "", "", ""
    if seconds <= 0:
        return [name, "0", rate, share, theirs, ratio]
    if row.get("bytes"):
        speed = row["bytes"] / seconds
        rate = f"{speed * 1e-9:.0f} GB/s"
        share = f"{100 * speed / peak:.0f} %" if peak else ""
    elif row.get("flops"):
        rate = f"{row['flops'] / seconds * 1e-12:.2f} TFLOP/s"
    if name in peer:
        theirs = readable(peer[name]["seconds"])
        ratio = f"{peer[name]['seconds'] / seconds:.2f}"
    return [name, readable(seconds), rate, share, theirs, ratio]


def profiles(output: str) -> list[list[str]]:
    """A row for each kernel that ncu --csv tells of: its name and METRICS, in their order."""
    lines = [line for line in output.splitlines() if line.startswith('"')]
    kernels: dict[str, dict[str, str]] = {}
    for row in csv.DictReader(lines):
        metric, name = row.get("Metric Name"), row.get("Kernel Name") or ""
        if metric in METRICS and row.get("Metric Value"):
            of_kernel = kernels.setdefault(f"{row.get('ID')} {name.partition('(')[0]}", {})
            of_kernel[metric] = f"{row['Metric Value']} {row.get('Metric Unit') or ''}".strip()
    return [[name, *(of.get(metric, "") for metric in METRICS)] for name, of in kernels.items()]
