"""scripts/tally.py counts right, and sees each way in which a test run can fail."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from tally import Counts, from_cargo, from_go, from_junit, from_status, with_crashes  # noqa: E402

JUNIT = """<?xml version="1.0"?>
<testsuites><testsuite>
  <testcase name="good"/>
  <testcase classname="suite" name="bad"><failure message="no"/></testcase>
  <testcase name="broken"><error message="no"/></testcase>
  <testcase name="left out"><skipped message="why"/></testcase>
  <testcase name="disabled" status="notrun"/>
</testsuite><testsuite><testcase name="good, too"><system-out/></testcase></testsuite></testsuites>
"""
CARGO = """
running 2 tests
test one ... ok
test two::three ... FAILED
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
"""
GO = """
{"Action":"run","Package":"tensor","Test":"TestAdd"}
{"Action":"pass","Package":"tensor","Test":"TestAdd","Elapsed":0}
{"Action":"fail","Package":"tensor","Test":"TestMul","Elapsed":0}
{"Action":"skip","Package":"tensor","Test":"TestCuda","Elapsed":0}
# a compiler message
{"Action":"fail","Package":"tensor","Elapsed":0.01}
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_counts_are_read(tmp_path):
    assert from_junit(write(tmp_path / "junit.xml", JUNIT)) == Counts(
        2, 2, 2, ["suite.bad", "broken"]
    )
    assert from_cargo(CARGO) == Counts(3, 3, 1, ["two::three"])
    assert from_go(GO) == Counts(1, 1, 1, ["TestMul"])


def test_plain_command_is_one_test():
    assert from_status(0) == Counts(passed=1)
    assert from_status(1) == Counts(failed=1)
    assert from_status(77) == Counts(skipped=1)


def test_crash_counts_though_no_test_failed():
    assert with_crashes(Counts(passed=2), 0) == Counts(passed=2)
    assert with_crashes(Counts(passed=2), -11) == Counts(passed=2, failed=1)
    assert with_crashes(Counts(passed=2, failed=3), 1) == Counts(passed=2, failed=3)


@pytest.mark.parametrize("text", [None, "", "<testsuites/>", "<testsuites>"])
def test_missing_empty_or_broken_results_fail(tmp_path, text):
    path = tmp_path / "junit.xml"
    if text is not None:
        write(path, text)
    assert with_crashes(from_junit(path), 0) == Counts(failed=1)


@pytest.mark.parametrize("kind", ["--cargo", "--go"])
def test_no_test_in_the_output_fails(tmp_path, kind):
    results = tmp_path / "results"
    tally("run", "--to", results, kind, "empty", "--", "echo", "nothing to see")
    assert last_line(tally("sum", results)) == "0 passed, 1 failed"


def tally(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPTS / "tally.py", *arguments]
    return subprocess.run([str(word) for word in command], text=True, capture_output=True)


def test_skipped_tests_have_a_line_of_their_own(tmp_path):
    for name, code in (("runs", 0), ("skips", 77), ("skips too", 77)):
        tally("run", "--to", tmp_path / "results", name, "--", "sh", "-c", f"exit {code}")
    assert tally("sum", tmp_path / "results").stdout.splitlines() == [
        "2 skipped",
        "1 passed, 0 failed",
    ]


def last_line(result: subprocess.CompletedProcess[str]) -> str:
    return result.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("codes", "line", "status"),
    [
        ((0, 0), "2 passed, 0 failed", 0),
        ((0, 1), "1 passed, 1 failed", 1),
        ((0, 77), "1 passed, 0 failed", 0),
        ((77,), "0 passed, 0 failed", 1),
    ],
)
def test_sum(tmp_path, codes, line, status):
    results = tmp_path / "folder" / "results"
    for code in codes:
        ran = tally("run", "--to", results, f"exits {code}", "--", "sh", "-c", f"exit {code}")
        assert ran.returncode == (code == 1)
    total = tally("sum", results)
    assert (last_line(total), total.returncode) == (line, status)


def test_the_sum_names_failed_tests_but_not_hundreds(tmp_path):
    cases = "".join(f'<testcase name="t{n}"><failure/></testcase>' for n in range(23))
    junit = tmp_path / "junit.xml"
    text = f"<testsuite>{cases}</testsuite>"
    results = tmp_path / "results"
    write = ["sh", "-c", 'printf %s "$1" > "$2"', "sh", text, junit]
    tally("run", "--to", results, "--junit", junit, "many", "--", *write)
    lines = tally("sum", results).stdout.splitlines()
    assert lines[0] == "FAILED  many"
    assert [line.strip() for line in lines[1:21]] == [f"t{n}" for n in range(20)]
    assert [line.strip() for line in lines[21:]] == ["and 3 more", "0 passed, 23 failed"]


def test_sum_without_results_fails(tmp_path):
    good = tmp_path / "good"
    tally("run", "--to", good, "good", "--", "true")
    for files, line in [
        ([tmp_path / "missing"], "0 passed, 1 failed"),
        ([good, tmp_path / "missing"], "1 passed, 1 failed"),
        ([good, write(tmp_path / "empty", "")], "1 passed, 1 failed"),
    ]:
        total = tally("sum", *files)
        assert (last_line(total), total.returncode) == (line, 1)


def test_failing_output_is_shown(tmp_path):
    script = "echo the reason; exit 3"
    result = tally("run", "--to", tmp_path / "results", "bad", "--", "sh", "-c", script)
    assert "the reason" in result.stdout
    missing = tally("run", "--to", tmp_path / "results", "missing", "--", "./no-such-command")
    assert missing.returncode == 1


def test_stale_results_are_not_counted(tmp_path):
    junit = write(tmp_path / "junit.xml", '<testsuite><testcase name="old"/></testsuite>')
    results = tmp_path / "results"
    tally("run", "--to", results, "--junit", junit, "crash", "--", "sh", "-c", "kill -9 $$")
    assert last_line(tally("sum", results)) == "0 passed, 1 failed"
