"""Programs and libraries of a folder that is to run elsewhere: what they need, what they name."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

# glibc's own libraries: of the machine, as its loader is, which knows no others.
GLIBC = re.compile(r"(ld-linux.*|lib(c|m|dl|rt|pthread|util|resolv))\.so\.\d+$")


def output_of(*command: object) -> str:
    process = subprocess.run(list(map(str, command)), text=True, capture_output=True)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]}: {process.stderr.strip()}")
    return process.stdout


def is_elf(file: Path) -> bool:
    with open(file, "rb") as stream:
        return stream.read(4) == b"\x7fELF"


def needed(file: Path) -> dict[str, str]:
    """What the loader finds for it, by name; "" for what it does not find."""
    found = {}
    for line in output_of("ldd", file).splitlines():
        name, arrow, rest = line.strip().partition(" => ")
        if arrow and not GLIBC.match(name):
            found[name] = "" if rest == "not found" else os.path.realpath(rest.split(" (")[0])
    return found


def newest_glibc(files: list[Path]) -> str:
    """The version of the newest symbol of glibc that any of them asks for."""
    versions = set()
    for file in files:
        versions |= set(re.findall(r"\bGLIBC_(\d+(?:\.\d+)+)", output_of("readelf", "-VW", file)))
    return max(versions, key=lambda v: tuple(map(int, v.split("."))), default="0")


def search_in(file: Path, folder: Path) -> None:
    """Lets the loader look for its libraries in `folder`, wherever both are moved."""
    parts = {os.path.relpath(place, file.parent) for place in (folder, folder.parent)}
    path = ":".join(f"$ORIGIN/{part}" for part in sorted(parts))
    output_of("patchelf", "--set-rpath", path, file)


def strip(file: Path) -> None:
    output_of("strip", "--strip-unneeded", file)


def strangers(folder: Path) -> list[str]:
    """What the loader takes from outside the folder, or does not find, but for glibc."""
    wrong = []
    root = str(folder.resolve())
    for file in elf_files(folder):
        for name, path in needed(file).items():
            if not path.startswith(root + "/"):
                wrong.append(f"{file.relative_to(folder)} takes {name} from {path or 'nowhere'}")
    return wrong


def elf_files(folder: Path) -> list[Path]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return [file for file in files if not file.is_symlink() and is_elf(file)]


def that_name(folder: Path, names: list[str]) -> list[str]:
    """Files of the folder in which one of these paths stands."""
    wrong = []
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            content = file.read_bytes()
            found = [name for name in names if name.encode() in content]
            wrong += [f"{file.relative_to(folder)} names {name}" for name in found]
    return wrong
