"""docs/autograd.md: its programs print what it says, its pictures are what the library draws, and
what it points to exists."""

import re
import sys
from pathlib import Path
from xml.dom import minidom

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/examples"))

from programs import compile_and_run, run_python  # noqa: E402

TEXT = (ROOT / "docs/autograd.md").read_text()
PROGRAMS = re.findall(r"^```(python|c)\n(.*?)^```\n\n```text\n(.*?)^```$", TEXT, re.M | re.S)


@pytest.mark.parametrize(("language", "code", "expected"), PROGRAMS)
def test_program(tmp_path, language, code, expected):
    source = tmp_path / f"program.{'py' if language == 'python' else 'c'}"
    source.write_text(code)
    output = compile_and_run(source, "c99") if language == "c" else run_python(source)
    assert re.sub(r"0x[0-9a-f]+", "...", output) == expected


def test_there_are_programs_of_both_kinds():
    assert {language for language, _, _ in PROGRAMS} == {"python", "c"}
    assert len(PROGRAMS) == len(re.findall(r"^```(?:python|c)$", TEXT, re.M))


def test_pictures_are_as_drawn():
    run_python(ROOT / "docs/pictures/draw.py", "--check")


def test_a_stale_picture_is_found(tmp_path):
    for path in (ROOT / "docs/pictures").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    script = (ROOT / "docs/pictures/draw.py").read_text()
    (tmp_path / "draw.py").write_text(
        script.replace("str(FOLDER.parents[1]", f"str(Path({str(ROOT)!r})"))
    run_python(tmp_path / "draw.py", "--check")
    picture = tmp_path / "first.svg"
    picture.write_text(picture.read_text().replace("MulBackward0", "AddBackward0"))
    with pytest.raises(AssertionError, match="not as drawn now: first"):
        run_python(tmp_path / "draw.py", "--check")


def test_every_picture_is_shown_and_every_file_named_exists():
    shown = set(re.findall(r"\(pictures/(\w+\.svg)\)", TEXT))
    assert shown == {path.name for path in (ROOT / "docs/pictures").glob("*.svg")}
    folders = {"cpp": "tests/autograd", "py": "tests/conformance/programs"}
    for name in set(re.findall(r"`([\w/]+\.(?:cpp|py|h|toml))`", TEXT)):
        places = [ROOT / name, ROOT / folders.get(name.rsplit(".")[-1], "src") / name,
                  ROOT / "include/tensor" / name]
        assert any(path.exists() for path in places), name


def test_pictures_are_well_formed():
    for path in (ROOT / "docs/pictures").glob("*.svg"):
        assert minidom.parse(str(path)).documentElement.tagName == "svg"
