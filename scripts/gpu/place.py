"""Where what is checked lies: a bundle, or this checkout with a build of its own."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path

# pytest's own, and xdist by its name: what else a machine has installed may get in the way. Where a
# test hangs is shown before the step's time is up.
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "xdist.plugin")
PYTEST += ("-o", "faulthandler_timeout=30")


@dataclass
class Place:
    root: Path
    build: Path
    python: str
    description: dict = field(default_factory=dict)
    libraries: list[str] = field(default_factory=list)  # folders that the loader shall look in

    @property
    def emulated(self) -> bool:
        return self.description.get("emulated", False)

    @property
    def environment(self) -> dict[str, str]:
        """Of every step: the tests run on the device that the plug-in beside the library has."""
        ours = {
            "LIBTENSOR_TEST_DEVICE": "cuda",
            "LIBTENSOR_BUILD": str(self.build),
            "LIBTENSOR_LIBRARY": str(self.build / "libtensor.so.1"),
            "PYTHONPATH": f"{self.root / 'bindings/python'}:{self.root / 'python'}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        if self.libraries:
            known = os.environ.get("LD_LIBRARY_PATH")
            ours["LD_LIBRARY_PATH"] = ":".join([*self.libraries, *([known] if known else [])])
        environment = {**os.environ, **ours}
        environment.pop("LIBTENSOR_EMULATED_CUDA", None)
        return environment

    def program(self, name: str) -> Path:
        return self.build / name

    def script(self, name: str, *arguments: object) -> list[object]:
        return [self.python, self.root / name, *arguments]

    def pytest(self, *arguments: object) -> list[object]:
        return [self.python, *PYTEST, *arguments]


def numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def leave_to_the_machine(folder: Path, carried: dict[str, str], glibc: str) -> list[str]:
    """Puts aside what asks for a newer glibc than there is: the machine has one that does not."""
    too_new = [name for name, needs in carried.items() if numbers(needs) > numbers(glibc)]
    for name in too_new:
        if (folder / name).exists():
            (folder / "too-new").mkdir(exist_ok=True)
            (folder / name).rename(folder / "too-new" / name)
    return too_new


def bundle(folder: Path) -> Place:
    """One that scripts/gpu-bundle made. The Python is the one that runs this."""
    description = json.loads((folder / "bundle.json").read_text())
    glibc = platform.libc_ver()[1] or description["glibc"]
    leave_to_the_machine(folder / "build/lib", description["carried"], glibc)
    return Place(folder, folder / "build", sys.executable, description)
