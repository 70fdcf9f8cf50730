"""The tensors that edge samples are made of."""

import torch

from recorder.encode import formula

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)

_INF, _NAN = float("inf"), float("nan")


def special(dtype):
    """A vector of a dtype's awkward values."""
    if dtype == torch.bool:
        return torch.tensor([True, False, True])
    if dtype in FLOATS:
        info = torch.finfo(dtype)
        return torch.tensor([0.0, -0.0, 1.0, -1.0, 0.5, -2.5, _INF, -_INF, _NAN, info.max,
                             info.tiny], dtype=dtype)
    info = torch.iinfo(dtype)
    return torch.tensor([0, 1, 2, 3, 7, info.max, info.min, max(info.min, -1)], dtype=dtype)


def ramp(dtype, shape, start=1):
    """Small distinct values that wrap at 7: 1, 2, 3 ... -3 ..."""
    numel = torch.Size(shape).numel()
    values = (torch.arange(numel, dtype=torch.int64) * 5 + start) % 13
    if dtype not in (torch.bool, torch.uint8):
        values = values - 6
    if dtype in FLOATS:
        return (values.to(torch.float64) / 4).to(dtype).reshape(shape)
    if dtype == torch.bool:
        values = values % 2
    return values.to(dtype).reshape(shape)


def positive(dtype, shape, start=1):
    """Like ramp, without negative values."""
    values = ramp(dtype, shape, start)
    return values if dtype == torch.bool else values.abs()


def with_nan(dtype):
    """A matrix with a NaN and both infinities."""
    tensor = ramp(dtype, (3, 4))
    tensor[1, 2] = float("nan")
    tensor[2, 0] = float("inf")
    tensor[0, 3] = float("-inf")
    return tensor


def layouts(dtype):
    """The same kind of values laid out in memory in every way."""
    yield torch.tensor(2).to(dtype)
    yield torch.empty((0,), dtype=dtype)
    yield torch.empty((2, 0, 3), dtype=dtype)
    yield ramp(dtype, (2, 3, 4)).transpose(0, 2)
    yield ramp(dtype, (4, 3)).t()
    yield ramp(dtype, (17,))[1::3]
    yield ramp(dtype, (3, 5, 4))[1:, ::2, 1:3]
    yield ramp(dtype, (3, 1)).expand(3, 4)
    yield ramp(dtype, (2, 3, 2, 2)).permute(2, 0, 3, 1)
    yield ramp(dtype, (1, 4, 1)).expand(2, 4, 3).transpose(1, 2)


def large(dtype, kind="dyadic", seed=1):
    """Large tensors: vector, blocked and threaded paths, with rows, columns and tails."""
    yield formula(kind, (70001,), dtype, seed)
    yield formula(kind, (300, 301), dtype, seed + 1)
    yield formula(kind, (300, 301), dtype, seed + 1).t()


def leaf(tensor, wanted):
    """The tensor, requiring grad where wanted and possible."""
    if wanted and tensor.dtype in (torch.float32, torch.float64):
        return tensor.detach().requires_grad_()
    return tensor
