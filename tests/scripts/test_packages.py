"""scripts/packages says what is missing, and stops where it cannot install it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"
TOOLS = ["bash", "env", "dirname", "sed", "cut", "grep", "tr", "awk", "cat"]


def packages(*groups: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [SCRIPTS / "packages", *groups]
    environment = {**os.environ, **variables}
    return subprocess.run(command, text=True, capture_output=True, env=environment)


def test_silent_where_all_is_there():
    result = packages("build", "test")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_without_apt_the_packages_are_named(tmp_path):
    for tool in TOOLS:
        (tmp_path / tool).symlink_to(shutil.which(tool))
    result = packages("build", PATH=str(tmp_path))
    assert result.returncode == 1
    assert re.search(r"ninja-build +runs the build", result.stdout)
    assert "Fedora:   dnf install gcc-c++ meson ninja-build" in result.stdout
    assert "Homebrew: brew install gcc meson ninja" in result.stdout


def test_without_apt_optional_packages_do_not_stop(tmp_path):
    for tool in TOOLS:
        (tmp_path / tool).symlink_to(shutil.which(tool))
    result = packages("optional", PATH=str(tmp_path))
    assert result.returncode == 0
    assert "the Go binding's tests" in result.stdout
