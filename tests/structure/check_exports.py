"""Checks what the library exports: functions called tensor_..., at the version node; its soname.

usage: python3 check_exports.py LIBRARY
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

NODE = "TENSOR_1.0"
SONAME = "libtensor.so.1"


def wrong_symbols(nm_output: str) -> list[str]:
    """The lines of `nm -D --defined-only --with-symbol-versions` that should not be there."""
    wrong = []
    functions = 0
    for line in nm_output.splitlines():
        _, kind, name = line.split(maxsplit=2)
        if kind == "A" and name == NODE:
            continue
        if kind == "T" and re.fullmatch(rf"tensor_\w+@@{re.escape(NODE)}", name):
            functions += 1
        else:
            wrong.append(line)
    return wrong if functions else [*wrong, "no tensor_ function is exported"]


def soname(readelf_output: str) -> str | None:
    """From `readelf -d`."""
    match = re.search(r"\(SONAME\).*\[(.+)\]", readelf_output)
    return match[1] if match else None


def problems(library: Path) -> list[str]:
    def output(*command: str) -> str:
        result = subprocess.run([*command, library], capture_output=True, text=True, check=True)
        return result.stdout

    found = wrong_symbols(output("nm", "-D", "--defined-only", "--with-symbol-versions"))
    name = soname(output("readelf", "-dW"))
    return found if name == SONAME else [*found, f"the soname is {name}, not {SONAME}"]


if __name__ == "__main__":
    lines = problems(Path(sys.argv[1]))
    print("\n".join(lines))
    sys.exit(1 if lines else 0)
