"""The order in memory of fresh results, which follows that of the operands: seen in strides."""

import random

from programs.registry import Programs

PROGRAMS = program = Programs()


def _tensor(torch, draw, shape):
    """A tensor of a shape whose dims lie in a drawn order, with gaps, steps and stretched dims."""
    order = list(range(len(shape)))
    draw.shuffle(order)
    strides, step = [0] * len(shape), 1
    for dim in order:
        strides[dim] = step * draw.choice((1, 1, 1, 2)) if draw.random() > 0.1 else 0
        step = max(step, strides[dim] * max(shape[dim], 1)) + draw.choice((0, 0, 0, 1))
    return torch.zeros(step + 1).as_strided(shape, strides)


def _shape(draw):
    return [draw.choice((1, 1, 2, 3, 3, 4)) for _ in range(draw.randint(2, 5))]


def _stretched(draw, shape):
    """A shape that broadcasts to `shape`."""
    kept = [1 if draw.random() < 0.25 else size for size in shape]
    return kept[draw.choice((0, 0, 0, 1)) :]


def _strides(result):
    return [list(result.shape), list(result.stride())]


def _named(name):
    return lambda function: program.add(name, function)


def _add_programs(seed):
    @_named(f"of_one_operand_{seed}")
    def of_one_operand(torch):
        draw = random.Random(seed)
        results = []
        for _ in range(40):
            x = _tensor(torch, draw, _shape(draw))
            results += [_strides(y) for y in (x + 1, -x, 2 * x, x > 0, x.exp(), x**2)]
        return results

    @_named(f"of_two_operands_{seed}")
    def of_two_operands(torch):
        draw = random.Random(seed + 1000)
        results = []
        for _ in range(80):
            shape = _shape(draw)
            a = _tensor(torch, draw, _stretched(draw, shape))
            b = _tensor(torch, draw, _stretched(draw, shape))
            results += [_strides(y) for y in (a + b, b * a, a == b)]
        return results

    @_named(f"of_three_operands_{seed}")
    def of_three_operands(torch):
        draw = random.Random(seed + 2000)
        results = []
        for _ in range(40):
            shape = _shape(draw)
            a, b, c = (_tensor(torch, draw, _stretched(draw, shape)) for _ in range(3))
            results.append(_strides(torch.where(a > 0, b, c)))
        return results


for _seed in range(4):
    _add_programs(_seed)


@program
def of_nothing(torch):
    draw = random.Random(7)
    results = []
    for _ in range(30):
        shape = _shape(draw)
        shape[draw.randrange(len(shape))] = 0
        a, b = _tensor(torch, draw, shape), _tensor(torch, draw, shape)
        results += [_strides(y) for y in (a + 1, a * b, -b)]
    return results


@program
def into_an_output_of_another_shape(torch):
    draw = random.Random(8)
    results = []
    for _ in range(30):
        shape = _shape(draw)
        a, b = _tensor(torch, draw, shape), _tensor(torch, draw, shape)
        out = torch.empty(0)
        results.append(_strides(torch.add(a, b, out=out)))
    return results


@program
def of_copies(torch):
    draw = random.Random(9)
    results = []
    for _ in range(60):
        x = _tensor(torch, draw, _shape(draw))
        copies = (x.clone(), x.double(), torch.empty_like(x), torch.add(x, x, alpha=2))
        results += [_strides(y) for y in copies]
    return results
