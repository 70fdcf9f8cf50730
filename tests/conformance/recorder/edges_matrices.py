"""Edge samples of the matrix products."""

from recorder.encode import formula
from recorder.material import ramp

_PRODUCTS = {
    "mm": [((2, 3), (3, 4)), ((2, 0), (0, 3)), ((0, 3), (3, 2)), ((1, 5), (5, 1))],
    "bmm": [((2, 2, 3), (2, 3, 4)), ((2, 2, 0), (2, 0, 3)), ((0, 2, 3), (0, 3, 2))],
    "matmul": [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((0,), (0,)),
               ((2, 1, 2, 3), (3, 3, 2)), ((2, 2, 3), (3,)), ((3,), (2, 3, 2)), ((2, 2, 3), (3, 2)),
               ((2, 3), (2, 3, 2)), ((2, 0), (0, 2)), ((0, 2), (2,)), ((1, 2, 3), (4, 3, 1))],
    "addmm": [((2, 3), (3, 4)), ((2, 0), (0, 4)), ((1, 5), (5, 4))],
}


def matmul(name, dtype):
    """Every pairing of ranks, empty inner sizes, transposed and large factors."""
    for one, other in _PRODUCTS[name]:
        first = [ramp(dtype, (one[0], other[1]))] if name == "addmm" else []
        yield [*first, ramp(dtype, one), ramp(dtype, other, 4)]
    yield from _strided_products(name, dtype)
    if name == "addmm":
        parts = [ramp(dtype, (4,)), ramp(dtype, (2, 3)), ramp(dtype, (3, 4), 4)]
        yield parts
        yield parts, {"beta": 2, "alpha": 3}
        yield parts, {"beta": 0}
        yield parts, {"beta": 0.5, "alpha": -1.5}


def _strided_products(name, dtype):
    if name == "bmm":
        yield [ramp(dtype, (3, 2, 4)).transpose(1, 2), ramp(dtype, (2, 5, 3)).permute(2, 0, 1)]
        yield [formula("dyadic", (3, 65, 40), dtype), formula("dyadic", (3, 40, 33), dtype, 2)]
        return
    first = [ramp(dtype, (4,))] if name == "addmm" else []
    yield [*first, ramp(dtype, (3, 2)).t(), ramp(dtype, (4, 3)).t()]
    yield [*first, ramp(dtype, (4, 6))[::2, ::2], ramp(dtype, (3, 8))[:, ::2]]
    yield [*first, ramp(dtype, (1, 3)).expand(2, 3), ramp(dtype, (3, 1)).expand(3, 4)]
    first = [formula("dyadic", (33,), dtype, 3)] if name == "addmm" else []
    yield [*first, formula("dyadic", (65, 70), dtype), formula("dyadic", (70, 33), dtype, 2)]
    turned = formula("dyadic", (33, 70), dtype, 2).t()
    yield [*first, formula("dyadic", (70, 65), dtype).t(), turned]
