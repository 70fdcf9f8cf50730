"""The programs in README.md compile, run, and print what it says."""

import re

import pytest
from programs import ROOT, compile_and_run, run_python

BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S))


@pytest.mark.parametrize(("language", "standard"), [("c", "c99"), ("cpp", "c++11"), ("python", "")])
def test_program(tmp_path, language, standard):
    suffix = {"python": "py"}.get(language, language)
    source = tmp_path / f"program.{suffix}"
    source.write_text(BLOCKS[language])
    output = compile_and_run(source, standard) if standard else run_python(source)
    assert output == BLOCKS["text"]


def test_the_c_program_is_short():
    assert len(BLOCKS["c"].splitlines()) <= 21
