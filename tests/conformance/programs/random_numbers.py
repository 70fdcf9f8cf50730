"""PyTorch's own random bits on the CPU: per dtype, size and seed, and the order they are drawn in.

Sizes around 16 matter: from there on randn fills in blocks.
"""

from programs.registry import Programs

PROGRAMS = program = Programs()

SIZES = (1, 5, 15, 16, 17, 100, 1000)
DTYPES = ("float32", "float64", "float16", "bfloat16")


def _draw(maker, dtype, size, seed):
    def run(torch):
        torch.manual_seed(seed)
        return [getattr(torch, maker)(size, dtype=getattr(torch, dtype))]
    return run


for _maker in ("rand", "randn"):
    for _dtype in DTYPES:
        for _size in SIZES:
            program.add(f"{_maker}_{_dtype}_{_size}", _draw(_maker, _dtype, _size, 0))

for _seed in (1, 42, 2**31, 2**40 + 7, 2**63):
    program.add(f"rand_seed_{_seed}", _draw("rand", "float32", 5, _seed))
    program.add(f"randn_seed_{_seed}", _draw("randn", "float64", 17, _seed))


@program
def draws_follow_each_other(torch):
    torch.manual_seed(3)
    return [torch.rand(3), torch.randn(3), torch.rand(2, 2), torch.randn(20), torch.rand(1),
            torch.rand(2, dtype=torch.float64), torch.randn(1), torch.randn(1)]


@program
def randn_keeps_half_a_pair(torch):
    torch.manual_seed(5)
    return [torch.randn(1), torch.randn(1), torch.randn(3), torch.randn(2, dtype=torch.float64)]


@program
def shapes(torch):
    torch.manual_seed(11)
    return [torch.rand(5, 3), torch.randn(2, 3, 4), torch.rand(()), torch.randn(0),
            torch.rand(0, 2)]


@program
def like(torch):
    torch.manual_seed(12)
    x = torch.zeros(3, 7)
    return [torch.rand_like(x), torch.randn_like(x), torch.rand_like(x.t()),
            torch.randn_like(x.t()), torch.rand_like(x, dtype=torch.float64),
            torch.randn_like(x[:, ::2])]


@program
def many_in_turn(torch):
    torch.manual_seed(13)
    parts = [torch.rand(1) for _ in range(700)]
    return [torch.cat(parts), torch.randn(40)]


@program
def seed_restarts(torch):
    torch.manual_seed(9)
    first = torch.rand(4)
    torch.manual_seed(9)
    return [torch.equal(first, torch.rand(4)), torch.equal(first, torch.rand(4)), first]


@program
def negative_seed(torch):
    torch.manual_seed(-1)
    return [torch.rand(4)]


@program
def initial_seed(torch):
    torch.manual_seed(77)
    return [torch.initial_seed()]
