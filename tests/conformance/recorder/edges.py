"""Own samples by family, where op_db is thin: layouts, specials, broadcasting, sizes.

Each family is a function (name, dtype) yielding lists of positional arguments, or (args, kwargs).
"""

import torch

from recorder import edges_joins, edges_matrices, edges_reductions, edges_views
from recorder.encode import formula
from recorder.material import FLOATS, large, layouts, positive, ramp, special

BROADCASTS = [((3, 1), (1, 4)), ((2, 1, 3), (4, 1)), ((), (3,)), ((3,), ()), ((0,), (1,)),
              ((2, 0), (1, 1)), ((2, 3), (3,)), ((5,), (2, 1)), ((1, 1, 1), (2,))]

SCALARS = [2, 2.5, True, 0, -1]


FAMILIES_ELSEWHERE = (edges_views, edges_reductions, edges_matrices, edges_joins)


def family(name):
    """The function that yields a family's samples, from whichever module has it."""
    for place in FAMILIES_ELSEWHERE:
        if hasattr(place, name):
            return getattr(place, name)
    return globals()[name]


def scatter_reduce(name, dtype):
    """Elements that meet, with and without self; several dims, layouts, NaN, zeros, no index."""
    index = torch.tensor([[0, 1, 0, 2], [2, 2, 2, 0]])
    plain = ramp(dtype, (3, 4)), ramp(dtype, (2, 4)).add(1).to(dtype)
    zeros = torch.tensor([[0, 2, 0, 3]] * 3, dtype=dtype), torch.tensor(
        [[0, 0, 2, 0], [3, 0, 4, 1]], dtype=dtype)
    for reduce in ("sum", "prod", "mean", "amax", "amin"):
        if reduce == "mean" and dtype is torch.bool:
            continue
        for include_self in (True, False):
            kwargs = {"include_self": include_self}
            yield [plain[0], 0, index, plain[1], reduce], kwargs
            yield [plain[0].t().contiguous().t(), 0, index, plain[1], reduce], kwargs
            yield [plain[0].t(), -1, index.t(), plain[1].t(), reduce], kwargs
            yield [zeros[0], 0, index, zeros[1], reduce], kwargs
            yield [ramp(dtype, ()), 0, torch.tensor(0), ramp(dtype, ()), reduce], kwargs
            yield [plain[0], 0, index[:0], plain[1][:0], reduce], kwargs
            if dtype in FLOATS:
                nan = torch.tensor([1, float("nan"), 2, 5], dtype=dtype)
                yield [nan, 0, torch.tensor([0, 0, 1, 2]), nan.flip(0), reduce], kwargs


def none(name, dtype):
    """op_db's samples suffice."""
    return iter(())


def unary(name, dtype):
    """Layouts, specials and large tensors."""
    yield from unary_copy(name, dtype)
    kind = "positive" if name in ("log", "sqrt") else "dyadic"
    yield from ([tensor] for tensor in large(dtype, kind))
    yield [formula("fine" if kind == "dyadic" else kind, (1031,), dtype)]


def unary_copy(name, dtype):
    """Layouts and specials."""
    yield [special(dtype)]
    yield from ([tensor] for tensor in layouts(dtype))


def like(name, dtype):
    """Layouts, with and without another dtype."""
    value = [3] if name == "full_like" else []
    for tensor in layouts(dtype):
        yield [tensor, *value]
    yield [ramp(dtype, (2, 3)), *value], {"dtype": torch.float16}
    yield [ramp(dtype, (2, 3)).t(), *value], {"dtype": torch.int32}


def binary(name, dtype):
    """Specials against specials, broadcasting, layouts, scalars, large tensors."""
    bounded = name == "pow" and dtype not in FLOATS
    values = ramp(dtype, (5,)) if bounded else special(dtype)
    yield [values.reshape(-1, 1), positive(dtype, (4,)) if bounded else values]
    for one, other in BROADCASTS:
        yield [ramp(dtype, one), ramp(dtype, other, 4)]
    for tensor in layouts(dtype):
        yield [tensor, ramp(dtype, tensor.shape, 5)]
    yield [ramp(dtype, (3, 4)).t(), ramp(dtype, (3, 4), 4).t()]
    if name not in ("maximum", "minimum"):
        for scalar in SCALARS:
            yield [ramp(dtype, (2, 3)), scalar]
    kind = "positive" if name == "pow" else "fine"
    yield [formula(kind, (1031,), dtype), formula("fine", (1031,), dtype, 2)]
    if name != "pow":
        for tensor, other in zip(large(dtype), large(dtype, seed=5)):
            yield [tensor, other]
        yield [formula("dyadic", (300, 301), dtype), formula("dyadic", (301,), dtype, 3)]
        yield [formula("dyadic", (301, 300), dtype).t(), formula("dyadic", (300, 301), dtype, 3)]
        yield [formula("dyadic", (300, 1), dtype), formula("dyadic", (301,), dtype, 3)]


def binary_alpha(name, dtype):
    """Like binary, and with alpha."""
    yield from binary(name, dtype)
    yield [ramp(dtype, (2, 3)), ramp(dtype, (3,), 4)], {"alpha": 2}
    yield [ramp(dtype, (2, 3)), ramp(dtype, (3,), 4)], {"alpha": 0.5}
    yield [ramp(dtype, (2, 3)), 3], {"alpha": 2}
    yield [ramp(dtype, (2, 3)), ramp(dtype, (), 4)], {"alpha": True}


def operator(name, dtype):
    """Tensor with tensor, tensor with number, number with tensor."""
    one, other = ramp(dtype, (2, 3)), ramp(dtype, (3,), 4)
    yield [one, positive(dtype, (3,), 4) if "pow" in name else other]
    for scalar in (2, 2.5, True):
        yield [one, scalar]
        yield [scalar, one]
    yield [one.t(), -1.5]


def operator_inplace(name, dtype):
    """Only a tensor can stand on the left. Leaves refuse, so none requires grad."""
    other = positive(dtype, (3,), 4) if "pow" in name else ramp(dtype, (3,), 4)
    yield [ramp(dtype, (2, 3)), other]
    for scalar in (2, 2.5, True):
        yield [ramp(dtype, (3, 2)).t(), scalar]


def where(name, dtype):
    """Broadcasting of all three, scalars, layouts, large."""
    condition = torch.tensor([True, False, True])
    yield [condition, ramp(dtype, (2, 3)), ramp(dtype, (2, 1), 4)]
    yield [condition.reshape(3, 1), ramp(dtype, (3,)), ramp(dtype, (), 4)]
    yield [condition, special(dtype)[:3], ramp(dtype, (3,))]
    for scalar in (2, 2.5, True):
        yield [condition, ramp(dtype, (3,)), scalar]
        yield [condition, scalar, ramp(dtype, (3,))]
    yield [torch.ones((0, 3), dtype=torch.bool), ramp(dtype, (1, 3)), ramp(dtype, (3,))]
    yield [ramp(torch.bool, (4, 3)).t(), ramp(dtype, (4, 3)).t(), ramp(dtype, (3, 4))]
    yield [formula("fine", (300, 301), torch.bool), formula("fine", (300, 301), dtype),
           formula("fine", (301,), dtype, 2)]


def copy(name, dtype):
    """copy_ from the same dtype and others, broadcast and across layouts."""
    yield [ramp(dtype, (2, 3)), ramp(dtype, (3,), 4)]
    yield [ramp(dtype, (3, 4)).t(), ramp(dtype, (4, 3), 4)]
    yield [ramp(dtype, (17,))[1::3], ramp(dtype, (6,), 4)]
    yield [torch.empty((0,), dtype=dtype), torch.empty((0,), dtype=dtype)]
    yield [ramp(dtype, ()), ramp(dtype, (1,), 4)]
    for source in (torch.bool, torch.int8, torch.int64, torch.float16, torch.bfloat16,
                   torch.float32, torch.float64):
        yield [ramp(dtype, (2, 3)), positive(source, (2, 3), 4)]
    yield [formula("dyadic", (300, 301), dtype), formula("dyadic", (301, 300), dtype, 2).t()]


def fill(name, dtype):
    """Numbers and a 0-dim tensor, into every layout."""
    for value in (1, 2.5, True, torch.tensor(3)):
        yield [ramp(dtype, (2, 3)), value]
    for tensor in layouts(dtype):
        yield [tensor.clone() if 0 in tensor.stride() else tensor, 1]


def to(name, dtype):
    """Every dtype and every layout; values that any dtype can hold."""
    source = positive(dtype, (3, 3))
    for target in (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
                   *FLOATS):
        yield [source, target]
    if dtype in FLOATS:
        for target in FLOATS:
            yield [special(dtype), target]
            yield [formula("fine", (1031,), dtype), target]
        yield [special(dtype), torch.bool]
    else:
        for target in (torch.int8, torch.uint8, torch.int64, torch.float32, torch.float64):
            yield [special(dtype), target]
    for tensor in layouts(dtype):
        yield [tensor, torch.float64]
    yield [source], {"dtype": torch.float32, "copy": True}
    yield [source, ramp(torch.float16, (1,))]
    yield [source, "cpu"]


def item(name, dtype):
    """One element of any rank."""
    for value in special(dtype):
        yield [value]
    yield [ramp(dtype, (1, 1, 1))]
