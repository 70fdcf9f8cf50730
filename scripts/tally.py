"""Runs test commands, counts their tests, and sums all up in one line.

usage: tally.py run --to RESULTS [--junit FILE | --cargo | --go] [--live] NAME -- COMMAND...
       tally.py sum RESULTS...

`run` counts the tests of one command and adds a line to the file RESULTS. It finds them in the
JUnit file that the command writes, in the output of `cargo test` or in that of `go test -json`;
without these options the command is one test, passed if it exits with 0 and skipped if with 77. A
command that fails without a failed test, or that runs none, counts as one failed test. The output
is shown where something failed. `sum` names the failed tests of each command, so that the end of a
log says what is wrong, ends with the line "N passed, N failed", and fails if anything failed, or if
nothing ran.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict, dataclass, field
from pathlib import Path

SKIPPED = 77
LINES_SHOWN = 300
NAMES_SHOWN = 20


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    names: list[str] = field(default_factory=list)  # of the failed tests, where they have names

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.names + other.names,
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"

    @property
    def all(self) -> int:
        return self.passed + self.failed + self.skipped


def name_of(case: ElementTree.Element) -> str:
    return ".".join(filter(None, (case.get("classname"), case.get("name"))))


def from_junit(path: Path) -> Counts:
    """Of pytest, GoogleTest and Meson alike: a <testcase> is a test, its children what happened."""
    counts = Counts()
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError):  # whoever writes it did not come to its end
        return counts
    for case in cases:
        outcomes = {child.tag for child in case}
        not_run = case.get("status") == "notrun"  # a disabled GoogleTest
        if outcomes & {"failure", "error"}:
            counts.failed += 1
            counts.names.append(name_of(case))
        elif "skipped" in outcomes or not_run:
            counts.skipped += 1
        else:
            counts.passed += 1
    return counts


def from_cargo(output: str) -> Counts:
    pattern = r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored"
    found = re.findall(pattern, output, re.MULTILINE)
    names = re.findall(r"^test (.+?) \.\.\. FAILED$", output, re.MULTILINE)
    return sum((Counts(*map(int, numbers)) for numbers in found), Counts(names=names))


def from_go(output: str) -> Counts:
    outcomes: list[str] = []
    names: list[str] = []
    for line in output.splitlines():
        try:
            event = json.loads(line)
        except ValueError:  # compiler messages stand between the events
            continue
        if isinstance(event, dict) and event.get("Test"):
            outcomes.append(event.get("Action"))
            if event.get("Action") == "fail":
                names.append(event["Test"])
    return Counts(outcomes.count("pass"), outcomes.count("fail"), outcomes.count("skip"), names)


def from_status(status: int) -> Counts:
    if status == SKIPPED:
        return Counts(skipped=1)
    return Counts(passed=1) if status == 0 else Counts(failed=1)


def with_crashes(counts: Counts, status: int) -> Counts:
    """A command can fail beside its tests: it does not compile, crashes, or finds no test."""
    if counts.failed == 0 and (status != 0 or counts.all == 0):
        return counts + Counts(failed=1)
    return counts


def run_command(command: list[str], live: bool) -> tuple[int, str]:
    """Its exit status and output, which is also shown as it comes where it is live."""
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        return 127, str(error)
    lines = []
    assert process.stdout
    for raw in process.stdout:
        line = raw.decode(errors="replace")
        lines.append(line)
        if live:
            print(line, end="", flush=True)
    return process.wait(), "".join(lines)


def run(options: argparse.Namespace, command: list[str]) -> int:
    if options.junit:
        options.junit.unlink(missing_ok=True)  # or a crash would count the tests of the last run
    start = time.monotonic()
    status, output = run_command(command, options.live)
    if options.junit:
        counts = with_crashes(from_junit(options.junit), status)
    elif options.cargo:
        counts = with_crashes(from_cargo(output), status)
    elif options.go:
        counts = with_crashes(from_go(output), status)
    else:
        counts = from_status(status)
    seconds = time.monotonic() - start
    if counts.failed and not options.live:
        print("\n".join(output.splitlines()[-LINES_SHOWN:]))
    verdict = "FAILED" if counts.failed else "skipped" if not counts.passed else "ok"
    skipped = f", {counts.skipped} skipped" if counts.skipped else ""
    print(f"{verdict:8}{options.name:32}{counts}{skipped}  ({seconds:.1f} s)", flush=True)
    options.to.parent.mkdir(parents=True, exist_ok=True)
    with options.to.open("a") as results:
        results.write(json.dumps({"name": options.name, **asdict(counts)}) + "\n")
    return 1 if counts.failed else 0


def print_names(names: list[str]) -> None:
    for name in names[:NAMES_SHOWN]:
        print(f"        {name}")
    if len(names) > NAMES_SHOWN:
        print(f"        and {len(names) - NAMES_SHOWN} more")


def sum_up(files: list[Path]) -> int:
    total = Counts()
    complete = True
    for path in files:
        try:
            rows = [json.loads(line) for line in path.read_text().splitlines()]
        except OSError:
            rows = []
        complete = complete and bool(rows)
        for row in rows:
            name = row.pop("name")
            total += Counts(**row)
            if row["failed"]:
                print(f"FAILED  {name}")
                print_names(row["names"])
    if not complete:
        print("FAILED  no test ran")
        total += Counts(failed=1)
    if total.skipped:
        print(f"{total.skipped} skipped")
    print(total)
    return 1 if total.failed or total.passed == 0 else 0


def main(arguments: list[str]) -> int:
    command: list[str] = []
    if "--" in arguments:
        end = arguments.index("--")
        arguments, command = arguments[:end], arguments[end + 1 :]
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    runner = actions.add_parser("run")
    runner.add_argument("name")
    runner.add_argument("--to", type=Path, required=True)
    kind = runner.add_mutually_exclusive_group()
    kind.add_argument("--junit", type=Path)
    kind.add_argument("--cargo", action="store_true")
    kind.add_argument("--go", action="store_true")
    runner.add_argument("--live", action="store_true")
    actions.add_parser("sum").add_argument("files", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    return run(options, command) if options.action == "run" else sum_up(options.files)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
