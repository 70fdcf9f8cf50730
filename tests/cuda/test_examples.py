"""The examples on the emulated device."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import emulator as emulated
import pytest

ROOT = Path(__file__).parents[2]


def run_on_emulator(program: Path, *arguments: str) -> str:
    """The output of an example in a process where the emulated devices, if any, are loaded."""
    code = (
        "import runpy, sys, libtensor; sys.argv[1] and libtensor.load_backend(sys.argv[1]); "
        "del sys.argv[:2]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-c", code, emulated.path() or "", program, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "bindings/python")}
    result = subprocess.run(command, text=True, capture_output=True, env=environment)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_seed_tour_prints_the_device(torch):
    output = run_on_emulator(ROOT / "examples/seed_tour/seed_tour.py")
    assert "tensor([2., 2., 2.], device='cuda:0')" in output
    expected = (ROOT / "tests/examples/seed_tour.txt").read_text()
    assert output.replace(", device='cuda:0'", "") == expected


@pytest.fixture
def digits(torch):
    spec = importlib.util.spec_from_file_location("digits", ROOT / "examples/digits/digits.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_digits_trains_as_on_the_cpu(torch, digits):
    """Two epochs on a part of the images, with the same numbers up to rounding."""
    losses = {}
    for device in ("cpu", "cuda"):
        shuffler = digits.Shuffler(seed=1)
        images, labels = (tensor.narrow(0, 0, 640).to(device) for tensor in digits.load(shuffler))
        network = digits.Network()
        network.parameters = [
            parameter.detach().to(device).requires_grad_(True) for parameter in network.parameters
        ]
        network.weight1, network.bias1, network.weight2, network.bias2 = network.parameters
        seen = []
        for _ in range(2):
            for start in range(0, 640, 64):
                rows = torch.arange(start, start + 64).to(device)
                logits = network(images.index_select(0, rows))
                loss = digits.functional.cross_entropy(logits, labels.index_select(0, rows))
                loss.backward()
                network.step()
                seen.append(loss.item())
        with torch.no_grad():
            right = (network(images).argmax(1) == labels).sum().item()
        losses[device] = seen, right
    assert losses["cuda"][1] == losses["cpu"][1] > 450
    assert losses["cuda"][0] == pytest.approx(losses["cpu"][0], rel=1e-3)
