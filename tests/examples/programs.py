"""Where the examples' programs are, and how to run them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("LIBTENSOR_BUILD", ROOT / "build"))
LIBRARY = BUILD / "libtensor.so"
sys.path.append(str(ROOT / "tests/support"))
from sanitized import preloading  # noqa: E402


def run(*command: object, **variables: str) -> str:
    """The output of a command that must succeed without a word on stderr."""
    words = [str(word) for word in command]
    result = subprocess.run(words, env={**os.environ, **variables}, text=True, capture_output=True)
    assert (result.returncode, result.stderr) == (0, ""), result.stdout + result.stderr
    return result.stdout


def run_python(file: Path, *arguments: object) -> str:
    """With the Python package of the source tree."""
    variables = {"PYTHONPATH": str(ROOT / "bindings/python"), "LIBTENSOR_LIBRARY": str(LIBRARY)}
    return run(sys.executable, file, *arguments, **variables, **preloading())


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
