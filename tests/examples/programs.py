"""Where the examples' programs are, and how to run them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("LIBTENSOR_BUILD", ROOT / "build"))
LIBRARY = BUILD / "libtensor.so"


def run(*command: object, **variables: str) -> str:
    """The output of a command that must succeed without a word on stderr."""
    words = [str(word) for word in command]
    result = subprocess.run(words, env={**os.environ, **variables}, text=True, capture_output=True)
    assert (result.returncode, result.stderr) == (0, ""), result.stdout + result.stderr
    return result.stdout


def run_python(file: Path, *arguments: object) -> str:
    """With the Python package of the source tree. Leaks of Python itself are not looked for."""
    variables = {"PYTHONPATH": str(ROOT / "bindings/python"), "LIBTENSOR_LIBRARY": str(LIBRARY)}
    preload = os.environ.get("TEST_PRELOAD")
    if preload:
        options = os.environ.get("ASAN_OPTIONS", "")
        variables |= {"LD_PRELOAD": preload, "ASAN_OPTIONS": f"{options}:detect_leaks=0"}
    return run(sys.executable, file, *arguments, **variables)


def run_example(name: str, language: str, *arguments: object) -> str:
    if language == "python":
        return run_python(ROOT / f"examples/{name}/{name}.py", *arguments)
    suffix = {"c": "", "cpp": "_cpp"}[language]
    return run(BUILD / f"examples/{name}{suffix}", *arguments)


def compile_and_run(source: Path, standard: str) -> str:
    """Against the headers of the source tree and the library of the build."""
    compiler, warnings = ("gcc", ["-pedantic"]) if source.suffix == ".c" else ("g++", [])
    assert shutil.which(compiler)
    flags = [f"-std={standard}", "-Wall", "-Wextra", "-Werror", *warnings, f"-I{ROOT / 'include'}"]
    flags += os.environ.get("TEST_COMPILE_FLAGS", "").split()
    program = source.with_suffix("")
    run(compiler, *flags, source, "-o", program, f"-L{BUILD}", "-ltensor", f"-Wl,-rpath,{BUILD}")
    return run(program)
