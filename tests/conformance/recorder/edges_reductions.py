"""Edge samples of reductions, of max and min with their indices, and of softmax."""

import torch

from recorder.encode import formula
from recorder.material import FLOATS, layouts, ramp, special, with_nan

_DIMS = [{}, {"dim": 0}, {"dim": -1}, {"dim": (0, 2)}, {"dim": (1,), "keepdim": True},
         {"dim": (0, 1, 2)}, {"dim": (0, 1, 2), "keepdim": True}, {"dim": ()}]


def reduction(name, dtype):
    """All dims, one, several; every layout; zero sizes; NaN; large tensors both ways round."""
    for kwargs in _DIMS:
        # PyTorch's gradients of variances over no dims are infinite, though its results are right.
        if kwargs.get("dim") == () and name.startswith(("var", "std")):
            continue
        yield [ramp(dtype, (2, 3, 4))], kwargs
        yield [ramp(dtype, (4, 3, 2)).permute(2, 1, 0)], kwargs
    for tensor in layouts(dtype):
        yield [tensor]
        yield [tensor], {"dim": -1}
    yield [special(dtype)]
    yield [torch.empty((2, 0, 3), dtype=dtype)], {"dim": 1}
    yield [torch.empty((2, 0, 3), dtype=dtype)], {"dim": 0}
    # Of var_mean, where an infinite element stands decides PyTorch's mean.
    if dtype in FLOATS and not name.endswith("_mean"):
        yield [with_nan(dtype)], {"dim": 0}
        yield [with_nan(dtype)], {"dim": 1}
    yield from _typed_reductions(name, dtype)
    yield from _large_reductions(dtype)


def _typed_reductions(name, dtype):
    if name in ("sum", "mean"):
        for wanted in (torch.float64, torch.float32, torch.float16, torch.int64, torch.int32):
            yield [ramp(dtype, (2, 3))], {"dtype": wanted}
            yield [ramp(dtype, (2, 3))], {"dim": 1, "dtype": wanted, "keepdim": True}
    if name.startswith(("var", "std")) and dtype in FLOATS:
        for correction in (0, 1, 2.5, -1, 3, 12):
            yield [ramp(dtype, (3, 4))], {"correction": correction}
            yield [ramp(dtype, (3, 4))], {"dim": 0, "correction": correction, "keepdim": True}
            yield [torch.ones((3, 4), dtype=dtype)], {"dim": (1,), "correction": correction}


def _large_reductions(dtype):
    for shape in ((70001,), (300, 301), (2, 35001), (35001, 2)):
        tensor = formula("dyadic", shape, dtype)
        yield [tensor]
        if len(shape) == 2:
            yield [tensor], {"dim": 0}
            yield [tensor], {"dim": 1}
            yield [tensor.t()], {"dim": 1}
    solid = formula("dyadic", (5, 120, 70), dtype)
    for dim in ((0, 2), (1,), (0, 1)):
        yield [solid], {"dim": dim}
    yield [solid.permute(2, 0, 1)], {"dim": (0, 1)}
    yield [solid[:, ::3, 1:]], {"dim": 1}


def prod(name, dtype):
    """All elements or one dim, other dtypes, zeros among the factors, layouts, zero sizes."""
    for kwargs in ({}, {"dim": 0}, {"dim": -1}, {"dim": 1, "keepdim": True}):
        yield [ramp(dtype, (2, 3, 4)).clamp(max=3)], kwargs
        yield [ramp(dtype, (4, 3, 2)).permute(2, 1, 0).clamp(max=3)], kwargs
        yield [_with_zeros(dtype)], kwargs
        yield [torch.empty((2, 0, 3), dtype=dtype)], kwargs
    yield [torch.tensor(3, dtype=dtype)], {"dim": 0}
    for tensor in layouts(dtype):
        yield [tensor]
    for wanted in (torch.float64, torch.float16, torch.int64, torch.int32, torch.bool):
        yield [ramp(dtype, (2, 3))], {"dtype": wanted}
        yield [ramp(dtype, (2, 3))], {"dim": 1, "dtype": wanted, "keepdim": True}
    if dtype in FLOATS:
        yield [with_nan(dtype)], {"dim": 0}
        yield [_near_one(dtype, (300, 40))], {"dim": 0}
        yield [_near_one(dtype, (40, 300))], {"dim": 1}


def _with_zeros(dtype):
    rows = [[2, 0, 3, 1], [0, 2, 0, 1], [1, 2, 3, 1], [1, 3, 2, 0]]
    return torch.tensor(rows, dtype=dtype)


def _near_one(dtype, shape):
    return 1 + formula("dyadic", shape, torch.float64).remainder(1).sub(0.5).div(64).to(dtype)


def scan(name, dtype):
    """Every dim, layouts, other dtypes, zeros among the factors, long lines, zero sizes."""
    for dim in (0, 1, -1):
        yield [ramp(dtype, (2, 3, 4)).clamp(max=3), dim]
        yield [ramp(dtype, (4, 3, 2)).permute(2, 1, 0).clamp(max=3), dim]
        yield [torch.empty((2, 0, 3), dtype=dtype), dim]
    for dim in (0, 1):
        yield [_with_zeros(dtype), dim]
    yield [torch.tensor(3, dtype=dtype), 0]
    for tensor in layouts(dtype):
        yield [tensor, -1]
    for wanted in (torch.float64, torch.float32, torch.float16, torch.int64, torch.int32):
        yield [ramp(dtype, (2, 3)), 1], {"dtype": wanted}
    # PyTorch's gradients of products with zeros and NaN depend on where its masks end.
    if dtype in FLOATS and name == "cumsum":
        yield [with_nan(dtype), 0]
        yield [with_nan(dtype), 1]
    for shape, dim in (((3001,), 0), ((3, 1500), 1), ((300, 11), 0), ((70, 5, 9), 1)):
        product = name == "cumprod"
        of = _near_one(dtype, shape) if product else formula("dyadic", shape, dtype)
        yield [of, dim]
        yield [of[::2], dim]


def extremum(name, dtype):
    """max and min: over all, over one dim with indices, of two tensors."""
    yield from arg(name, dtype)
    yield [special(dtype), special(dtype).flip(0)]
    yield [ramp(dtype, (3, 1)), ramp(dtype, (4,), 4)]


def arg(name, dtype):
    """One dim or all, ties, NaN, layouts, zero sizes, large."""
    for kwargs in ({}, {"dim": 0}, {"dim": 1}, {"dim": -1, "keepdim": True}):
        yield [ramp(dtype, (2, 3, 4))], kwargs
        yield [ramp(dtype, (4, 3, 2)).permute(2, 1, 0)], kwargs
    for tensor in layouts(dtype):
        yield [tensor]
        yield [tensor], {"dim": -1}
    yield [special(dtype)]
    yield [torch.ones((3, 3), dtype=dtype)], {"dim": 1}
    if dtype in FLOATS:
        yield [with_nan(dtype)]
        yield [with_nan(dtype)], {"dim": 0}
        yield [with_nan(dtype)], {"dim": 1}
    for tensor in (formula("dyadic", (70001,), dtype), formula("fine", (300, 301), dtype)):
        yield [tensor]
        yield [tensor], {"dim": 0}
        yield [tensor.t()], {"dim": 0}


def softmax(name, dtype):
    """Every dim, layouts, infinities and NaN, long rows and columns."""
    for dim in (0, 1, 2, -1):
        yield [ramp(dtype, (2, 3, 4)), dim]
        yield [ramp(dtype, (4, 3, 2)).permute(2, 1, 0), dim]
    for tensor in layouts(dtype):
        yield [tensor, -1]
    if dtype in FLOATS:
        inf = float("inf")
        yield [torch.tensor([[1, inf, 2], [-inf, -inf, -inf], [0, -inf, 1]], dtype=dtype), 1]
        yield [with_nan(dtype), 1]
        yield [torch.tensor([[1000.0, 1001.0], [-1000.0, 1000.0]], dtype=dtype), 1]
        yield [formula("dyadic", (3, 5003), dtype), 1]
        yield [formula("dyadic", (50, 301), dtype), 0]
    yield [ramp(dtype, (2, 3)), 1], {"dtype": torch.float64}
    yield [ramp(dtype, (2, 3)), 1], {"dtype": torch.float32}
