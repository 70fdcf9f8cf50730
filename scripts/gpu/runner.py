"""Runs the steps of a check: each in a process of its own, with a time limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

OK, FAILED, LATE, TOO_LATE = "ok", "failed", "ran out of time", "no time left"
NOT_THERE = "not there"
CANNOT = 77  # the exit status of what finds nothing to work with
KEPT = 100_000  # characters of a step's output


@dataclass
class Step:
    name: str
    outcome: str
    seconds: float = 0
    note: str = ""
    output: str = ""
    status: int | None = None


@dataclass
class Task:
    """A step to be: a command, and what its end means."""

    name: str
    command: list[object]
    seconds: float = 60
    environment: dict[str, str] = field(default_factory=dict)
    judge: Callable[[Step], None] | None = None  # looks closer at what has come to its end


@dataclass
class Phase:
    """Tasks that may run beside each other, and how long they may take together."""

    name: str
    tasks: list[Task]
    workers: int
    seconds: float


def run(task: Task, folder: Path, environment: dict[str, str], seconds: float) -> Step:
    """One task, for as long as it may take."""
    seconds = min(seconds, task.seconds)
    if seconds < 1:
        return Step(task.name, TOO_LATE)
    start = time.monotonic()
    try:
        process = subprocess.Popen(
            list(map(str, task.command)),
            cwd=folder,
            env={**environment, **task.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Step(task.name, FAILED, output=str(error))
    try:
        raw = process.communicate(timeout=seconds)[0]
        outcome = {0: OK, CANNOT: NOT_THERE}.get(process.returncode, FAILED)
    except subprocess.TimeoutExpired:
        raw, outcome = kill(process), LATE
    output = raw.decode(errors="replace")[-KEPT:]
    step = Step(task.name, outcome, time.monotonic() - start, "", output, process.returncode)
    if outcome == FAILED and process.returncode < 0:
        step.note = f"ended by signal {-process.returncode}"
    if task.judge:
        task.judge(step)  # what was printed in time is worth something too
    if outcome == LATE:
        step.outcome = LATE
        step.note = step.note or last_line(output)
    return step


def last_line(output: str) -> str:
    return output.strip().rpartition("\n")[2][:100]


def kill(process: subprocess.Popen) -> bytes:
    """With its children, which hold the pipe too. One that the driver holds is not waited for."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate(timeout=5)[0]
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"cannot be ended: {error}".encode()


class Runner:
    """Runs phases until the time is up, and says of each step at once how it went."""

    def __init__(self, minutes: float, log: Path) -> None:
        self.end = time.monotonic() + 60 * minutes
        self.log = log
        self.lock = threading.Lock()
        log.write_text("")

    def left(self) -> float:
        return self.end - time.monotonic()

    def run(
        self, phase: Phase, folder: Path, environment: dict[str, str], done: Callable[[Step], None]
    ) -> list[Step]:
        """In the order of the tasks; `done` hears of each as it ends, in its own thread."""
        end = min(self.end, time.monotonic() + phase.seconds)

        def one(task: Task) -> Step:
            try:
                step = run(task, folder, environment, end - time.monotonic())
            except Exception as error:  # of this script: the others' turn comes all the same
                step = Step(task.name, FAILED, output=f"{type(error).__name__}: {error}")
            with self.lock:
                self.show(step)
                done(step)
            return step

        with ThreadPoolExecutor(phase.workers) as pool:
            return list(pool.map(one, phase.tasks))

    def show(self, step: Step) -> None:
        line = f"{step.outcome:16}{step.name:40}{step.note}  ({step.seconds:.1f} s)"
        print(line, flush=True)
        with open(self.log, "a") as file:
            file.write(f"=== {line}\n{step.output}\n")
        sys.stdout.flush()
