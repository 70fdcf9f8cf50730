"""The device's memory as PyTorch's functions show it."""

import ctypes
import gc
import os
import subprocess
import sys
from pathlib import Path

import emulator as emulated
import pytest
from libtensor._errors import check
from libtensor._library import native
from libtensor._structs import Device

MIB = 1 << 20


@pytest.fixture
def clean(torch):
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()


def test_levels(torch, clean):
    before = torch.cuda.memory_allocated()
    x = torch.ones(MIB, device="cuda")
    assert 4 * MIB <= torch.cuda.memory_allocated() - before <= 4 * MIB + 512
    assert torch.cuda.memory_reserved() >= torch.cuda.memory_allocated()
    del x
    assert torch.cuda.memory_allocated() == before
    assert torch.cuda.max_memory_allocated() >= before + 4 * MIB
    assert torch.cuda.max_memory_reserved() >= torch.cuda.max_memory_allocated()
    reserved = torch.cuda.memory_reserved()
    torch.cuda.empty_cache()
    assert torch.cuda.memory_reserved() <= reserved - 4 * MIB
    assert torch.cuda.memory_stats()["allocated_bytes.all.current"] == before


def test_levels_of_the_second_device(torch, two_devices):
    assert torch.cuda.memory_allocated(1) == torch.memory.stats("cuda:1").active


def test_memory_is_used_again(torch, clean):
    """Steps that repeat take nothing more from the driver."""
    x = torch.ones(1000, device="cuda")
    calls = []
    for _ in range(4):
        ((x * 2).exp() + x).sum().item()
        calls.append(torch.memory.stats("cuda").device_calls)
    assert calls[-1] == calls[0]


def test_a_fraction_of_the_device(torch, clean):
    numel = torch.cuda.get_device_properties().total_memory // 1024
    torch.cuda.set_per_process_memory_fraction(1 / 1024)
    try:
        with pytest.raises(torch.OutOfMemoryError):
            torch.empty(numel, dtype=torch.int16, device="cuda")
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert torch.empty(numel, dtype=torch.int16, device="cuda").shape == (numel,)


def test_properties(torch):
    found = torch.cuda.get_device_properties()
    assert found.name == torch.cuda.get_device_name(0)
    assert found.total_memory >= 1 << 30
    assert not emulated.path() or (found.name, found.total_memory) == ("emulated device 0", 4 << 30)
    assert torch.cuda.get_device_capability() == (found.major, found.minor)


def test_snapshot_and_streams(torch, clean):
    side = torch.cuda.Stream()
    with torch.cuda.stream(side), torch.memory.tag("activations"):
        x = torch.empty(3000, device="cuda")
    block = next(b for b in torch.memory.snapshot("cuda") if b.tag == "activations")
    assert (block.requested, block.stream, block.state) == (12000, side.cuda_stream, "used")
    assert torch.memory.stream_stats("cuda")[side.cuda_stream].allocated == 12000
    here = torch.cuda.current_stream()
    x.record_stream(here)
    del x
    assert torch.memory.stream_stats("cuda")[side.cuda_stream].allocated == 0


@ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64)
def take(user, size):
    return Taken.library.cuda_emulator_malloc(size) if Taken.willing else None


@ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64)
def give(user, data, size):
    Taken.given_back.append(size)
    Taken.library.cuda_emulator_free(data)


@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def destroy(user):
    Taken.destroyed += 1


class Taken:
    """What the program's provider did."""

    library = None
    willing = True
    given_back: list[int] = []
    destroyed = 0


def set_provider(*functions):
    check(native.memory_set_provider(Device(2, 0), *functions))


def test_memory_from_the_program(torch, emulator, clean, seed):
    emulator.cuda_emulator_malloc.restype = ctypes.c_void_p
    emulator.cuda_emulator_malloc.argtypes = [ctypes.c_size_t]
    emulator.cuda_emulator_free.argtypes = [ctypes.c_void_p]
    Taken.library, Taken.willing, Taken.given_back, Taken.destroyed = emulator, True, [], 0
    drivers = torch.ones(1000, device="cuda")
    set_provider(take, give, None, destroy)
    try:
        assert torch.cuda.memory_reserved() == 0
        x = torch.arange(1000, dtype=torch.float32).to("cuda")
        total = (x * drivers).sum().item()
        assert total == 499500
        reserved = torch.cuda.memory_reserved()
        assert reserved > 0 and reserved % (2 * MIB) == 0
        Taken.willing = False
        with pytest.raises(torch.OutOfMemoryError):
            torch.empty(16 * MIB, device="cuda")
        assert (x + x).sum().item() == 2 * total
    finally:
        set_provider(None, None, None, None)
    assert Taken.destroyed == 0  # x lives
    assert (x * drivers).sum().item() == total
    del x
    gc.collect()
    assert Taken.destroyed == 1
    assert sum(Taken.given_back) == reserved
    assert drivers.sum().item() == 1000


ALONE = f"""
import sys
sys.path.insert(0, {str(Path(emulated.__file__).parent)!r})
import emulator, libtensor as torch
device = emulator.load(torch) if emulator.path() else None
torch.manual_seed(1)
side = torch.cuda.Stream()
x = torch.rand(300, 5, device="cuda").requires_grad_(True)
for _ in range(3):
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        y = (x.softmax(1) @ x.t()).sum(1)
        x.record_stream(side)
    torch.cuda.current_stream().wait_stream(side)
    y.sum().backward()
print(torch.cuda.memory_reserved(), x.grad.tolist())
try:
    torch.empty(1 << 50, device="cuda")
except torch.OutOfMemoryError as error:
    print(error)
assert not device or not emulator.reports(device)
"""


def run_with_caching(variable: str) -> list[str]:
    environment = {**os.environ, "LIBTENSOR_NO_CUDA_MEMORY_CACHING": variable}
    command = [sys.executable, "-c", ALONE]
    result = subprocess.run(command, text=True, capture_output=True, env=environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_memory_without_caching(torch):
    """Every block straight from the driver: what runs is the same."""
    (levels, refused), (cached, _) = run_with_caching("1"), run_with_caching("0")
    (reserved, gradient), (with_cache, expected) = levels.split(" ", 1), cached.split(" ", 1)
    assert reserved == "0" and int(with_cache) > 0
    assert gradient == expected
    assert "CUDA out of memory. Tried to allocate" in refused and "without caching" in refused
