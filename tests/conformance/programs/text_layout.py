"""The printed form by shape: ranks 0 to 5, empty, wrapped lines, summaries beyond 1000 elements."""

from math import prod

from programs.registry import Programs

PROGRAMS = program = Programs()

SHAPES = [(), (1,), (3,), (1, 1), (2, 3), (3, 2), (2, 1, 3), (2, 2, 2), (1, 2, 3, 2),
          (2, 1, 2, 1, 2),          (1, 1, 1, 1, 1), (5, 1), (1, 5)]

EMPTY = [(0,), (0, 3), (3, 0), (2, 0, 3), (0, 0), (1, 0, 1, 0), (0, 1, 2)]

WRAPPED = [(20,), (25,), (30,), (40,), (100,), (2, 20), (3, 40), (2, 2, 30), (1, 100)]

SUMMARISED = [(1000,), (1001,), (2000,), (70000,), (40, 40), (7, 200), (200, 7), (10, 10, 11),
              (1001, 1), (1, 1001), (6, 7, 30), (2, 2, 2, 2, 100), (3, 1000), (1000, 3), (8, 200),
              (4, 4, 100), (7, 7, 7, 7), (2, 600), (600, 2), (1, 1, 2000),
              (5, 6, 7, 8), (500, 2, 2)]

MAKERS = {
    "int64": lambda torch, n: torch.arange(n),
    "float32_whole": lambda torch, n: torch.arange(n, dtype=torch.float32),
    "float32_fraction": lambda torch, n: torch.arange(n, dtype=torch.float32) / 8,
    "float64_negative": lambda torch, n: torch.arange(n, dtype=torch.float64) * -0.5,
    "bool": lambda torch, n: torch.arange(n) > n // 2,
    "int8_wrapping": lambda torch, n: torch.arange(n).to(torch.int8),
    "bfloat16": lambda torch, n: torch.arange(n, dtype=torch.float32).to(torch.bfloat16),
    "float32_scientific": lambda torch, n: torch.arange(n, dtype=torch.float32) * 1024 + 0.5,
}


def _shaped(maker, shape):
    return lambda torch: [repr(MAKERS[maker](torch, prod(shape)).view(shape))]


for _maker in MAKERS:
    for _shape in SHAPES + EMPTY + WRAPPED:
        program.add(f"{_maker}_{'x'.join(map(str, _shape))}", _shaped(_maker, _shape))

for _maker in ("int64", "float32_fraction", "bool", "float32_scientific"):
    for _shape in SUMMARISED:
        program.add(f"summary_{_maker}_{'x'.join(map(str, _shape))}", _shaped(_maker, _shape))


@program
def summary_with_suffix(torch):
    x = torch.zeros(1001, requires_grad=True)
    return [repr(x), repr(x * 2), repr(torch.zeros(2000, dtype=torch.float64)),
            repr(torch.zeros(40, 40, dtype=torch.int8)), repr(torch.ones(50, 50).t())]


@program
def summary_ignores_what_it_hides(torch):
    x = torch.ones(2000)
    x[1000] = 1e10
    y = torch.ones(2000)
    y[1] = 0.5
    return [repr(x), repr(y)]


@program
def not_contiguous(torch):
    x = torch.arange(24).view(2, 3, 4)
    return [repr(view) for view in (x.permute(2, 0, 1), x[:, ::2, 1:], x[0].t(), x[1, 1],
                                    x.select(2, 3), x[:1].expand(2, 3, 4), x[..., ::3])]


@program
def suffix_moves_to_its_own_line(torch):
    results = []
    for length in range(4, 16):
        x = torch.arange(length, dtype=torch.float64)
        results += [repr(x), repr(x.requires_grad_()), repr(x * 2), repr(x.view(1, -1) * 2)]
    return results


@program
def empty_with_suffix(torch):
    leaf = torch.zeros(0, 3, requires_grad=True)
    return [repr(torch.empty(0, dtype=torch.int64)), repr(torch.empty(0, 2, dtype=torch.bool)),
            repr(leaf), repr(leaf * 2), repr(leaf[0:]),
            repr(torch.zeros(0, requires_grad=True) * 2),
            repr(torch.empty(2, 0, dtype=torch.float64))]


@program
def random_values(torch):
    torch.manual_seed(0)
    return [repr(torch.rand(5, 3)), repr(torch.randn(3, 4)),
            repr(torch.rand(2, dtype=torch.float64)), repr(torch.randn(2, 2, 2)),
            repr(torch.rand(5, 3).view(-1, 15)), repr(torch.randn(1001))]
