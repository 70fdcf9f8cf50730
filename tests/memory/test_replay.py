"""tools/allocator-replay: what it reads, writes and refuses."""

import gzip
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BUILD = Path(os.environ.get("LIBTENSOR_BUILD", HERE.parents[1] / "build"))
PROGRAM = BUILD / "tools/allocator-replay"
TRACES = sorted((HERE / "data").glob("*.trace.gz"))
MADE_BY = {
    "train": "train --vary --layers 4 --width 256 --batch 4 --steps 6 --seed 3",
    "streams": "streams --vary --layers 6 --width 256 --batch 8 --steps 8 --seed 3",
    "decode": "decode --layers 4 --width 512 --batch 6 --steps 120 --seed 3",
}
KEYS = [
    *("trace", "peak_live", "peak_reserved", "min_capacity"),
    *("device_calls", "device_calls_105", "stalls_105", "ns_per_event"),
]
MIB = 1 << 20

if not PROGRAM.exists():
    pytest.skip("allocator-replay was not built: zlib is missing", allow_module_level=True)


def replay(*arguments: object) -> subprocess.CompletedProcess:
    words = [str(PROGRAM), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True)


def measured(*arguments: object) -> list[dict]:
    result = replay(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def name_of(path: Path) -> str:
    return path.name.removesuffix(".trace.gz")


@pytest.mark.parametrize("name", MADE_BY)
def test_traces_are_what_the_generator_writes(name):
    script = HERE / "write_trace.py"
    text = subprocess.run([sys.executable, script, *MADE_BY[name].split()], capture_output=True)
    assert gzip.decompress((HERE / "data" / f"{name}.trace.gz").read_bytes()) == text.stdout


@pytest.mark.parametrize("path", TRACES, ids=name_of)
def test_policy(path):
    """Close to the least possible; on small devices the granularity of 2 MiB counts."""
    (found,) = measured(path)
    assert list(found) == KEYS
    assert found["trace"] == name_of(path)
    slack = 0.03 * found["peak_live"] + 6 * MIB
    assert found["peak_live"] <= found["min_capacity"] <= found["peak_live"] + slack
    assert found["peak_live"] <= found["peak_reserved"] <= found["peak_live"] + slack
    assert found["stalls_105"] in (0, None)
    assert found["device_calls"] < 100
    assert 0 < found["ns_per_event"] < 20000


def test_results_do_not_depend_on_the_run():
    first, second = measured(*TRACES), measured(*TRACES)
    for found in first + second:
        del found["ns_per_event"]
    assert first == second
    assert [found["trace"] for found in first] == [name_of(path) for path in TRACES]


def test_small_trace_by_hand(tmp_path):
    trace = tmp_path / "by_hand.trace"
    lines = [f"a 7 {3 * MIB} 0", f"a 9 {5 * MIB} 1 # op=add tag=x", "r 9 0", "s 1 0", "f 7", "i 0"]
    trace.write_text("# a comment\n" + "\n".join(lines) + "\n")
    (found,) = measured(trace)
    assert found["trace"] == "by_hand"
    assert found["peak_live"] == 8 * MIB
    assert found["peak_reserved"] == found["min_capacity"] == 10 * MIB  # 4 and 6: pages of 2 MiB
    assert found["device_calls"] == 2
    (full,) = measured(trace, "--capacity", 10 * MIB)
    assert full["events"] == full["events_at_capacity"] == len(lines)
    (plain,) = measured(trace, "--plain")
    assert plain["peak_reserved"] >= found["peak_reserved"]


def test_min_capacity_is_the_least_that_does():
    (found,) = measured(TRACES[-1])
    capacity = found["min_capacity"]
    (enough,) = measured(TRACES[-1], "--capacity", capacity)
    (little,) = measured(TRACES[-1], "--capacity", capacity - 2 * MIB)
    assert enough["completed"] and enough["peak_reserved_at_capacity"] <= capacity
    assert not little["completed"]
    assert little["events_at_capacity"] < enough["events_at_capacity"] == enough["events"]


def test_a_device_behind_the_program_waits(tmp_path):
    """Where the device lags, what it still uses is not taken back without waiting."""
    (found,) = measured(HERE / "data/streams.trace.gz", "--lag", 10**9)
    (prompt,) = measured(HERE / "data/streams.trace.gz")
    assert found["peak_reserved"] >= prompt["peak_reserved"]
    assert prompt["stalls_105"] == 0
    assert found["stalls_105"] is None or found["stalls_105"] > 0


def test_text_and_drawing(tmp_path):
    drawing = tmp_path / "memory.svg"
    result = replay(TRACES[0], "--svg", drawing)
    assert result.returncode == 0, result.stderr
    assert "peak live" in result.stdout
    root = ElementTree.parse(drawing).getroot()
    polygons = root.findall("{http://www.w3.org/2000/svg}polygon")
    assert len(polygons) == 3
    assert all(len(polygon.get("points").split()) > 100 for polygon in polygons)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no trace is given"),
        (["--nonsense"], "unknown option --nonsense"),
        (["x", "--capacity"], "--capacity expects a value"),
        (["x", "--capacity", "12MB"], "--capacity expects a whole number, not '12MB'"),
        (["x", "--capacity", "-5"], "--capacity expects a whole number, not '-5'"),
        (["x", "y", "--svg", "z"], "--svg draws one trace, not several"),
        (["/no/such/file"], "/no/such/file: No such file or directory"),
    ],
)
def test_bad_arguments(arguments, message):
    result = replay(*arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("text", "reserved", "capacity", "calls"),
    [
        ("i 0\n", 0, 0, 0),
        ("s 0 1\n", 0, 0, 0),
        ("a 1 0 0\nf 1\n", 2 * MIB, 2 * MIB, 1),
        ("a 1 1 0\n", 2 * MIB, 2 * MIB, 1),  # lives to the end
        ("a 1 1 0\r\nf 1\r\n\na 1 2 0", 2 * MIB, 2 * MIB, 1),
        (f"a 1 {MIB} 0\nr 1 0\nr 1 3\nf 1\na 1 {MIB} 3\n", 2 * MIB, 2 * MIB, 3),
    ],
)
def test_very_small_traces(tmp_path, text, reserved, capacity, calls):
    trace = tmp_path / "small.trace"
    trace.write_text(text, newline="")
    (found,) = measured(trace)
    assert list(found) == KEYS
    assert (found["peak_reserved"], found["min_capacity"]) == (reserved, capacity)
    assert found["device_calls"] == calls
    assert found["device_calls_105"] in (0, None)  # less than a page of 2 MiB
    assert 0 <= found["ns_per_event"] < 1e6
    assert "small" in replay(trace).stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no events"),
        ("# nothing but a comment\n", "holds no events"),
        ("hello\n", ":1: a line begins with a, f, r, s, i or # and a space"),
        ("a1 10 0\n", ":1: a line begins with a, f, r, s, i or # and a space"),
        ("a 18446744073709551616 10 0\n", ":1: too large a number: block"),
        ("a 1 10 0\na 2 10 0\0\n", ":2: the line is too long, or holds a zero byte"),
        ("a 1 10 0 #" + 70000 * "x" + "\n", ":1: the line is too long, or holds a zero byte"),
        ("a 1 4000000000000 0\na 2 4000000000000 0\n", ":2: no device has so many bytes"),
        ("a 1 10 0\na 1 10 0\n", ":2: block 1 is allocated already"),
        ("a 1 10 0\nf 2\n", ":2: block 2 is not allocated"),
        ("a 1 10 0\nr 2 1\n", ":2: block 2 is not allocated"),
        ("a 1 ten 0\n", ":1: a whole number is missing: bytes"),
        ("a 1 10\n", ":1: a whole number is missing: stream"),
        ("a 1 10 0 5\n", ":1: more than was expected"),
        ("a 1 -10 0\n", ":1: a whole number is missing: bytes"),
        ("a 1 99999999999999999 0\n", ":1: no device has so many bytes"),
        ("a 1 10 99999999999\n", ":1: the stream's number is too large"),
    ],
)
def test_bad_traces(tmp_path, text, message):
    trace = tmp_path / "bad.trace"
    trace.write_text(text)
    result = replay(trace)
    assert result.returncode == 2
    assert message in result.stderr


def test_damaged_gzip(tmp_path):
    trace = tmp_path / "cut.trace.gz"
    trace.write_bytes(TRACES[0].read_bytes()[:400])
    result = replay(trace)
    assert result.returncode == 2
    assert "cut.trace.gz" in result.stderr


def test_unwritable_drawing():
    result = replay(TRACES[-1], "--svg", "/no/such/folder/memory.svg")
    assert result.returncode == 2
    assert "/no/such/folder/memory.svg" in result.stderr


def test_what_the_library_records(tmp_path):
    """As tests/capi/memory_test.cpp gets it from the library, with a tag like an event's line."""
    trace = tmp_path / "recorded.trace"
    trace.write_text(
        "# recorded by libtensor: a ID BYTES STREAM | f ID | r ID STREAM\n"
        "a 0 4096 0 # op=tensor_ones tag=first step # f 0\n"
        "a 1 8192 0 # op=tensor_ones tag=first step\n"
        "f 1\n"
        "f 0\n"
        "a 0 2048 0 # op=tensor_ones\n"
        "f 0\n"
    )
    (found,) = measured(trace)
    assert found["peak_live"] == 4096 + 8192
    assert found["device_calls"] == 1


@pytest.mark.parametrize("how", ["sizes", "noise", "iterations", "drop", "scale"])
def test_perturbed_traces_are_traces(tmp_path, how):
    """tools/allocator-perturb changes the sizes, or leaves blocks out, and nothing else."""
    script = HERE.parents[1] / "tools/allocator-perturb"
    texts = []
    for name, seed in [("a", 1), ("b", 1), ("c", 2)]:
        path = tmp_path / f"{name}.trace"
        source = HERE / "data/decode.trace.gz"
        command = [sys.executable, script, source, how, "--seed", str(seed), "-o", path]
        subprocess.run(command, check=True)
        texts.append(path.read_text().splitlines()[1:])
    assert texts[0] == texts[1]
    assert how == "scale" or texts[0] != texts[2]
    before = gzip.decompress((HERE / "data/decode.trace.gz").read_bytes()).decode().splitlines()
    kinds = [line.split()[0] for line in before if line[0] != "#"]
    if how == "drop":
        assert 0.6 * len(kinds) < len(texts[0]) < 0.8 * len(kinds)
    else:
        assert [line.split()[0] for line in texts[0]] == kinds
    (found,) = measured(tmp_path / "a.trace")
    assert found["min_capacity"] >= found["peak_live"] > 0


def test_recorded_models_are_traces(tmp_path):
    """tools/allocator-record: the same each time, and with checkpoints less is live at once."""
    pytest.importorskip("torch")
    script = HERE.parents[1] / "tools/allocator-record"
    words = "vit --steps 2 --layers 8 --width 256 --batch 8 --length 128 --vary".split()
    texts = []
    for name, more in {"plain": [], "again": [], "less": ["--checkpoint"]}.items():
        path = tmp_path / f"{name}.trace"
        subprocess.run([sys.executable, script, *words, *more, "-o", path], check=True)
        texts.append([line for line in path.read_text().splitlines() if line[0] != "#"])
    assert texts[0] == texts[1]
    plain, _, less = measured(*(tmp_path / f"{name}.trace" for name in ("plain", "again", "less")))
    assert less["peak_live"] < plain["peak_live"]
