"""Floating numbers that an integer dtype does not hold: what they become, and where."""

import math

import pytest

NUMBERS = [math.nan, math.inf, -math.inf, 1e10, -1e10, 3e9, -3e9, 2.0**31, -(2.0**31), 2.0**32 + 5,
           300.0, -1.0, -300.5, 1e19, -1e19, 9.3e18, 70000.0, -70000.0, 255.9, 65504.0]  # fmt: skip
BITS = {"int8": 8, "uint8": 8, "int16": 16, "int32": 32, "int64": 64}


def low_bits(number, dtype):
    """What remains of an integer in a narrower dtype."""
    bits = BITS[dtype]
    number &= (1 << bits) - 1
    return number - (1 << bits) if dtype != "uint8" and number >> (bits - 1) else number


def by_a_gpu(number, source, dtype):
    """PTX's cvt.rzi, which saturates, to 32 bits (signed) or 64 (uint8 and int64); the low bits."""
    bits = 64 if dtype in ("uint8", "int64") else 32
    least, most = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    if math.isnan(number):
        wide = 0 if source != "float64" and bits == 32 else least
    else:
        wide = most if number >= most else least if number <= least else int(number)
    return low_bits(wide, dtype)


def by_x86(number, dtype):
    """The processor's cvttss2si: what does not fit is the least integer; the low bits."""
    bits = 64 if dtype in ("uint8", "int64") else 32
    least = -(1 << (bits - 1))
    fits = not math.isnan(number) and least - 1 < number < -least
    return low_bits(int(number) if fits else least, dtype)


@pytest.fixture(params=["float16", "bfloat16", "float32", "float64"])
def source(request, torch):
    """Numbers of a floating dtype, on the CPU."""
    numbers = torch.tensor(NUMBERS, dtype=torch.float64)
    return request.param, numbers.to(getattr(torch, request.param))


@pytest.mark.parametrize("dtype", BITS)
def test_on_the_cpu(torch, source, dtype):
    expected = [by_x86(number, dtype) for number in source[1].tolist()]
    assert source[1].to(getattr(torch, dtype)).tolist() == expected


@pytest.mark.parametrize("dtype", BITS)
def test_on_the_device(torch, source, dtype):
    name, numbers = source
    expected = [by_a_gpu(number, name, dtype) for number in numbers.tolist()]
    on_device = numbers.to("cuda")
    assert on_device.to(getattr(torch, dtype)).cpu().tolist() == expected
    target = torch.zeros(len(NUMBERS), dtype=getattr(torch, dtype), device="cuda")
    assert target.copy_(on_device).cpu().tolist() == expected


@pytest.mark.parametrize("dtype", BITS)
def test_between_the_two(torch, source, dtype):
    """The CPU converts, as in PyTorch: what it sends, and what it waits for."""
    expected = [by_x86(number, dtype) for number in source[1].tolist()]
    on_device, wanted = source[1].to("cuda"), getattr(torch, dtype)
    assert on_device.to("cpu", wanted).tolist() == expected
    assert source[1].to("cuda", wanted).cpu().tolist() == expected
    assert torch.zeros(len(NUMBERS), dtype=wanted).copy_(on_device).tolist() == expected
    target = torch.zeros(len(NUMBERS), dtype=wanted, device="cuda")
    assert target.copy_(source[1]).cpu().tolist() == expected


def test_bools(torch, source):
    assert all(source[1].to("cuda").to(torch.bool).cpu().tolist())
