"""Edge samples of losses, joining, indexing and comparing as a whole."""

import torch

from recorder.encode import formula
from recorder.material import FLOATS, positive, ramp, special


def loss(name, dtype):
    """Reductions, ignored and weighted classes, no batch, an empty batch."""
    if name.endswith("mse_loss"):
        for reduction_name in ("none", "mean", "sum"):
            yield [ramp(dtype, (2, 3)), ramp(dtype, (2, 3), 4)], {"reduction": reduction_name}
        yield [ramp(dtype, (2, 3)), ramp(dtype, (3,), 4)]
        yield [formula("dyadic", (300, 301), dtype), formula("dyadic", (300, 301), dtype, 2)]
        yield [torch.empty((0, 2), dtype=dtype), torch.empty((0, 2), dtype=dtype)]
        return
    logits, target = ramp(dtype, (4, 5)), torch.tensor([1, 0, 4, 2])
    for reduction_name in ("none", "mean", "sum"):
        yield [logits, target], {"reduction": reduction_name}
        yield [logits, target], {"reduction": reduction_name, "ignore_index": 4}
        yield [logits, target], {"reduction": reduction_name, "weight": positive(dtype, (5,))}
    yield [logits.t().contiguous().t(), target]
    yield [logits[0], target[0]]
    yield [logits[:0], target[:0]]
    yield [logits, torch.full((4,), -100)]
    yield [ramp(dtype, (2, 3, 2)), torch.tensor([[0, 1], [2, 0]])]
    if name.endswith("cross_entropy"):
        for smoothing in (0.1, 0.5):
            yield [logits, target], {"label_smoothing": smoothing}
        yield [logits, target], {"label_smoothing": 0.25, "weight": positive(dtype, (5,)),
                                 "ignore_index": 0}
        yield [logits, ramp(dtype, (4, 5), 3)], {"label_smoothing": 0.25, "reduction": "none"}


def join(name, dtype):
    """cat and stack over every dim, layouts, other dtypes, empty parts, large."""
    one, other = ramp(dtype, (2, 3)), ramp(dtype, (2, 3), 4)
    for dim in (0, 1, -1, -2):
        yield [[one, other, one], dim]
    yield [(one, other)]
    yield [[ramp(dtype, (3, 2)).t(), other], 1]
    yield [[one]]
    for wanted in (torch.float32, torch.int64, torch.bool, torch.float16):
        yield [[one, ramp(wanted, (2, 3))]]
    yield [[torch.empty((0, 3), dtype=dtype), torch.empty((0, 3), dtype=dtype)]]
    if name == "cat":
        yield [[torch.empty((0,), dtype=dtype), one], 1]
        yield [[one, ramp(dtype, (2, 1))], 1]
        yield [[one, torch.empty((0, 3), dtype=dtype), ramp(dtype, (1, 3))]]
    yield [[formula("dyadic", (300, 301), dtype), formula("dyadic", (300, 301), dtype, 2)], 1]
    yield [[formula("dyadic", (300, 301), dtype), formula("dyadic", (301, 300), dtype, 2).t()]]


def index(name, dtype):
    """Every dim, layouts, repeated and no indices, int32 indices, large."""
    source, turned = ramp(dtype, (3, 4)), ramp(dtype, (4, 3)).t()
    if name == "index_select":
        for tensor in (source, turned):
            yield [tensor, 0, torch.tensor([2, 0, 2])]
            yield [tensor, 1, torch.tensor([3, 1])]
            yield [tensor, -1, torch.tensor([0], dtype=torch.int32)]
        yield [source, 0, torch.tensor([], dtype=torch.int64)]
        yield [ramp(dtype, ()), 0, torch.tensor([0])]
        yield [source, 0, torch.tensor(1)]
        yield [formula("dyadic", (300, 301), dtype), 1, torch.tensor([7, 300, 7, 0, 150])]
        yield [formula("dyadic", (300, 301), dtype).t(), 0, torch.tensor([7, 300, 7, 0, 150])]
        return
    for tensor in (source, turned):
        yield [tensor, 0, torch.tensor([[0, 2, 1, 0], [2, 2, 0, 1]])]
        yield [tensor, 1, torch.tensor([[3, 0], [1, 1], [2, 3]])]
        yield [tensor, -1, torch.tensor([[3, 0], [1, 1]])]
    yield [source, 0, torch.empty((0, 4), dtype=torch.int64)]
    yield [ramp(dtype, ()), 0, torch.tensor([0])]
    yield [ramp(dtype, (5,)), 0, torch.tensor([4, 4, 0, 1, 2, 3, 0])]
    yield [formula("dyadic", (300, 301), dtype), 1, torch.arange(0, 280, 7).reshape(5, 8)]


def equal(name, dtype):
    """Equal, unequal, NaN, layouts; for allclose the tolerances too."""
    one = ramp(dtype, (2, 3))
    yield [one, one.clone()]
    yield [one, one.t().contiguous().t()]
    yield [one, ramp(dtype, (2, 3), 4)]
    yield [special(dtype), special(dtype)]
    yield [torch.empty((0,), dtype=dtype), torch.empty((0,), dtype=dtype)]
    if name == "equal":
        yield [one, one[:1]]
    elif dtype in FLOATS:
        yield [special(dtype), special(dtype)], {"equal_nan": True}
        yield [one, one + 0.125], {"atol": 0.2}
        yield [one, one * 1.125], {"rtol": 0.2}
        yield [one, one[0]]
