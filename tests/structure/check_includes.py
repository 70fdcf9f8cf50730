"""Finds includes that point up: a layer may include itself and the layers named here, nothing else.

usage: python3 check_includes.py [ROOT]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

SOURCE_LAYERS = {
    "core": set(),
    "memory": {"core"},
    "autograd": {"core", "memory"},
    "ops": {"autograd", "core", "memory"},
    "io": {"ops", "autograd", "core", "memory"},
    "functional": {"io", "ops", "autograd", "core", "memory"},
    "cpu": {"core", "memory"},
    "cuda": {"core", "memory"},
}
# What each layer may see besides itself. `public` is include/, what users see: it sees nothing.
MAY_SEE = {
    **SOURCE_LAYERS,
    "public": set(),
    "capi": {"public", "functional", "io", "ops", "autograd", "core", "memory", "cpu"},
}
FOLDERS = {"public": "include", "capi": "capi", **{name: f"src/{name}" for name in SOURCE_LAYERS}}
SUFFIXES = {".h", ".hpp", ".c", ".cpp", ".cc", ".cu", ".cuh", ".inc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)


def layer_of(path: Path, root: Path) -> str | None:
    for layer, folder in FOLDERS.items():
        if path.is_relative_to(root / folder):
            return layer
    return None


def included_layer(name: str, file: Path, root: Path) -> str | None:
    """The layer that `#include name` in the file reaches; None for what is not the project's."""
    for folder in (file.parent, root / "src", root / "include", root / "capi", root):
        path = (folder / name).resolve()
        if path.is_file():
            return layer_of(path, root)
    first, slash, _ = name.partition("/")  # not written yet, but its folder tells
    if not slash:  # <memory> is the standard library's
        return None
    return first if first in SOURCE_LAYERS else "public" if first == "tensor" else None


def upward_includes(root: Path) -> list[str]:
    root = root.resolve()
    found = []
    for layer, folder in FOLDERS.items():
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in SUFFIXES:
                continue
            for match in INCLUDE.finditer(file.read_text(errors="replace")):
                seen = included_layer(match[1], file, root)
                if seen is not None and seen != layer and seen not in MAY_SEE[layer]:
                    name = file.relative_to(root)
                    found.append(f'{name}: "{match[1]}" ({layer} may not see {seen})')
    return found


if __name__ == "__main__":
    here = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2]
    problems = upward_includes(here)
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
