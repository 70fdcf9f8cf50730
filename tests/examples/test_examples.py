"""The examples run in every language and print what they should."""

import re
from pathlib import Path

import pytest
from programs import run_example

LANGUAGES = ["c", "cpp", "python"]
EXPECTED = Path(__file__).with_name("seed_tour.txt").read_text()


def without_device_line(text: str) -> str:
    """Which device there is, and why not the other, depends on the machine."""
    return re.sub(r"CUDA is not available: .+\. The CPU takes its place\.\n", "", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_seed_tour(language):
    """As PyTorch prints it: seed_tour.txt is the output of seed_tour.py with `import torch`."""
    output = run_example("seed_tour", language)
    assert "CUDA is not available: " in output or "device='cuda:0'" in output
    assert without_device_line(output).replace(", device='cuda:0'", "") == EXPECTED


def test_digits():
    """All three train the same network, bit for bit, to at least 97 %."""
    outputs = [run_example("digits", language).splitlines() for language in LANGUAGES]
    c, cpp, python = outputs
    assert c.pop() == "handles not given back: 0"
    assert c == cpp
    assert c == python
    assert len(c) == 31
    assert c[0].startswith("epoch  1  loss ")
    accuracy = re.fullmatch(r"([\d.]+) % of the 360 held-out digits are read right", c[-1])
    assert float(accuracy[1]) >= 97


@pytest.mark.parametrize("language", LANGUAGES)
def test_digits_takes_a_number_of_epochs(language):
    lines = run_example("digits", language, 2).splitlines()
    assert [line[:8] for line in lines if line.startswith("epoch")] == ["epoch  1", "epoch  2"]


def test_offload():
    """What is saved takes half the memory in half precision, none on disk, and gradients hold."""
    c, cpp, python = (run_example("offload", language).splitlines() for language in LANGUAGES)
    assert c.pop() == "handles not given back: 0"
    assert c == cpp == python
    pattern = r"(.+?) +(\d+) bytes in memory, +(\d+) on disk, gradients differ by (.+)"
    rows = [re.fullmatch(pattern, line).groups() for line in c]
    assert [row[0] for row in rows] == ["as it is", "in half precision", "on disk"]
    plain, half, disk = [(int(memory), int(file), float(apart)) for _, memory, file, apart in rows]
    assert plain[0] > 1_000_000 and plain[1:] == (0, 0)
    assert half[:2] == (plain[0] // 2, 0) and 0 < half[2] < 1e-5
    assert disk == (0, plain[0], 0)
