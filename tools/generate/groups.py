"""The table's sections: `# ------- views` begins the group "views"."""

from __future__ import annotations

import re
from pathlib import Path

from model import TABLE


def groups(path: Path = TABLE) -> dict[str, list[str]]:
    """Each group's title -> the names of its operations, in the table's order."""
    found: dict[str, list[str]] = {}
    title = "others"
    for line in path.read_text().splitlines():
        if match := re.match(r"# -{8,} (.+)", line):
            title = match[1].strip()
        elif match := re.match(r'name = "(\w+)"', line):
            found.setdefault(title, []).append(match[1])
    return found


def page_name(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()) + ".md"
