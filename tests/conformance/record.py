#!/usr/bin/env python3
"""Records what PyTorch does, for replay without PyTorch.

    python3 -m venv /tmp/torch && /tmp/torch/bin/pip install 'torch==2.15.*' numpy expecttest
    /tmp/torch/bin/python tests/conformance/record.py            # everything, a few minutes
    /tmp/torch/bin/python tests/conformance/record.py add text   # these files only

The same PyTorch writes the same files. What is recorded is chosen in recorder/ (samples) and
programs/ (small programs); README.md says how the parts fit together.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("PYTORCH_TEST_WITH_SLOW", "0")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import programs  # noqa: E402
import torch  # noqa: E402
from recorder import capture, opdb  # noqa: E402
from recorder.catalog import OPERATIONS  # noqa: E402
from recorder.promotion import table_lines  # noqa: E402
from replay import files  # noqa: E402
from replay.outcome import to_json  # noqa: E402
from replay.promotion import OPERATIONS as PROMOTED  # noqa: E402
from replay.run import run_program  # noqa: E402

WANTED = "2.15."
HEADER = {"pytorch": torch.__version__.partition("+")[0]}


def record_operation(operation):
    """One file of records/operations."""
    lines = capture.operation_lines(operation)
    head = {**HEADER, "operation": operation.name, "items": capture.items(lines)}
    files.write("operations", operation.name, head, lines)
    return sum(len(line["runs"]) for line in lines)


def record_programs(name):
    """One file of records/programs."""
    lines = [{"name": key, "outcome": to_json(run_program(torch, function))}
             for key, function in programs.load(name).items()]
    head = {**HEADER, "items": [line["name"] for line in lines]}
    files.write("programs", name, head, lines)
    return len(lines)


def record_promotion(name):
    """One file of records/promotion."""
    lines = list(table_lines(name))
    files.write("promotion", name, {**HEADER, "items": [line["form"] for line in lines]}, lines)
    return sum(len(line["rows"]) for line in lines)


def main(wanted):
    """Write the wanted files (all of them when none is named)."""
    if not torch.__version__.startswith(WANTED):
        sys.exit(f"record.py records PyTorch {WANTED}x, this is {torch.__version__}")
    torch.set_num_threads(1)  # a sum's last bits depend on it
    opdb.shrink_samples()
    jobs = [(record_operation, operation.name, operation) for operation in OPERATIONS]
    jobs += [(record_programs, name, name) for name in programs.MODULES]
    jobs += [(record_promotion, "promotion." + name, name) for name in PROMOTED]
    for job, name, argument in jobs:
        if not wanted or name in wanted or name.partition(".")[0] in wanted:
            print(f"{name}: {job(argument)} results", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
