"""Makes the folder that scripts/gpu-check takes to a machine with a GPU: see scripts/gpu-bundle."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import elf

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-bundle"
MOST_MIB = 60
PROGRAMS = (
    "tests/ops/ops_tests",
    "tests/autograd/autograd_tests",
    "tests/capi/capi_tests",
    "tests/capi/random_call_tests",
    "tests/cuda_bench",
    "tests/driver_probe",
)
DATA = ("tests/cpu_only.txt", "tests/ops.json")  # found by the programs beside themselves
# What runs from its source, at the same place as in the repository.
SOURCES = (
    "bench/cuda_peer.py",
    "bindings/python/libtensor",
    "examples/digits",
    "examples/seed_tour",
    "include/tensor",
    "meson.build",
    "scripts/find-python",
    "scripts/gpu",
    "scripts/gpu-check",
    "scripts/tally.py",
    "tests/conformance",
    "tests/cuda",
    "tests/cuda_emulator/emulator.py",
    "tests/examples/seed_tour.txt",
    "tests/python",
    "tests/support",
    "tools/generate",
)
PYTHON_PACKAGES = ("pytest==8.3.5", "pytest-xdist==3.6.1")
EMULATED_PLUGIN = "tests/libtensor_cuda_emulated.so"
# One test of each kind: of the library alone, and of one that reads a file.
TRIED = {
    "tests/capi/capi_tests": "Read.*",
    "tests/autograd/autograd_tests": "Backward.*",
    "tests/ops/ops_tests": "GradientCoverage.*",
}
# The loader finds $ORIGIN by way of /proc.
ENTER = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'


class Broken(Exception):
    """The bundle is not what it should be."""


def compile_all(architectures: str) -> None:
    options = ["--buildtype=release", "-Dtests=true", "-Dexamples=false", "-Dcuda=enabled"]
    configure = ["meson", "setup", *options, f"-Dcuda-architectures={architectures}", str(BUILD)]
    if (BUILD / "build.ninja").exists():
        configure.insert(2, "--reconfigure")
    version = elf.output_of("meson", "introspect", "--projectinfo", ROOT / "meson.build")
    library = f"libtensor.so.{json.loads(version)['version']}"
    targets = [library, "libtensor_cuda.so", *PROGRAMS]
    for command in (configure, ["ninja", "-C", str(BUILD), *targets]):
        subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)


def copy_sources(to: Path) -> None:
    unwanted = shutil.ignore_patterns("__pycache__", "*.pyc", ".pytest_cache")
    for name in SOURCES:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=unwanted)
        else:
            shutil.copy2(ROOT / name, to / name)


def copy_programs(build: Path, plugin: Path, to: Path) -> None:
    """The library, the plug-in beside it, the programs, and in lib/ what they all need."""
    for name in (*PROGRAMS, *DATA):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(build / name, to / name)
    shutil.copy2(build / "libtensor.so", to / "libtensor.so.1")
    shutil.copy2(plugin, to / "libtensor_cuda.so")
    libraries = to / "lib"
    libraries.mkdir()
    for source in (build / "libtensor.so", plugin, *(build / name for name in PROGRAMS)):
        for name, path in elf.needed(source).items():
            if not path:
                raise Broken(f"{source} needs {name}, which is not here")
            if name != "libtensor.so.1" and not (libraries / name).exists():
                shutil.copy2(path, libraries / name)
    for file in elf.elf_files(to):
        elf.strip(file)
        elf.search_in(file, libraries)


def add_python_packages(to: Path) -> bool:
    """pytest, for a Python that has none. All of it is Python code, for any version."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", to]
    command += ["--only-binary=:all:", "--python-version=3.12", *PYTHON_PACKAGES]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode != 0:
        shutil.rmtree(to, ignore_errors=True)
        print(f"gpu-bundle: without pytest, which pip cannot get: {done.stderr}", file=sys.stderr)
    shutil.rmtree(to / "bin", ignore_errors=True)
    return done.returncode == 0


def commit() -> str:
    state = elf.output_of("git", "-C", ROOT, "status", "--porcelain", "--untracked-files=no")
    name = elf.output_of("git", "-C", ROOT, "rev-parse", "--short", "HEAD").strip()
    return name + (" with changes" if state else "")


def describe(folder: Path, emulated: bool, architectures: str) -> dict:
    carried = elf.elf_files(folder / "build/lib")
    ours = [file for file in elf.elf_files(folder) if file not in carried]
    description = {
        "commit": commit(),
        "emulated": emulated,
        "architectures": "" if emulated else architectures,
        "glibc": elf.newest_glibc(ours),
        "carried": {file.name: elf.newest_glibc([file]) for file in carried},
    }
    (folder / "bundle.json").write_text(json.dumps(description, indent=1) + "\n")
    return description


def mebibytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20


def check(folder: Path, build: Path) -> None:
    """Nothing of this machine is named or used, and it is small enough to be carried."""
    wrong = elf.that_name(folder, [str(build), str(ROOT)]) + elf.strangers(folder)
    if mebibytes(folder) > MOST_MIB:
        wrong.append(f"{mebibytes(folder):.0f} MiB, more than {MOST_MIB}")
    if wrong:
        raise Broken("\n".join(wrong))


def try_it(folder: Path, before: tuple[str, ...] = ()) -> None:
    """Runs tests of the folder as it lies, on the CPU. `before`: a command that starts another."""
    for program, cases in TRIED.items():
        command = [*before, str(folder / "build" / program), f"--gtest_filter={cases}"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/bin"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode != 0 or not re.search(r"PASSED  \] [1-9]", done.stdout):
            raise Broken(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def try_in_chroot(folder: Path, root: Path) -> None:
    """The same under the glibc of another system, whose folders `root` holds."""
    inside = root / "gpu-bundle"
    shutil.rmtree(inside, ignore_errors=True)
    shutil.copytree(folder, inside)
    try:
        try_it(Path("/gpu-bundle"), ("unshare", "--mount", "sh", "-c", ENTER, str(root)))
    finally:
        shutil.rmtree(inside)


def make(build: Path, folder: Path, emulated: bool, architectures: str) -> dict:
    """Into a folder beside it first: where something is wrong, nothing is left that looks whole."""
    moved = folder.with_name(folder.name + ".new")
    shutil.rmtree(moved, ignore_errors=True)
    copy_sources(moved)
    plugin = build / (EMULATED_PLUGIN if emulated else "libtensor_cuda.so")
    copy_programs(build, plugin, moved / "build")
    # Under the emulator the tests run where the bundle was made, with the pytest of that machine.
    if not emulated:
        add_python_packages(moved / "python")
    description = describe(moved, emulated, architectures)
    check(moved, build)
    try_it(moved)
    shutil.rmtree(folder, ignore_errors=True)
    moved.rename(folder)
    try_it(folder)
    return description
