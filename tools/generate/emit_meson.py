"""Writes the lists of generated files that meson.build files take in with subdir()."""

from __future__ import annotations

import os
from pathlib import Path

from text import header


def sources(variable: str, folder: Path, paths: list[str]) -> str:
    listed = "".join(f"  '{os.path.relpath(path, folder)}',\n" for path in paths)
    return f"{header('#')}{variable} += files(\n{listed})\n"
