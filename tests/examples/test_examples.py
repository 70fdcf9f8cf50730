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
