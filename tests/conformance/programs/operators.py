"""Python's operators, with tensors and numbers on either side."""

from programs.registry import Programs

PROGRAMS = program = Programs()


@program
def arithmetic_with_numbers(torch):
    a = torch.tensor([1.0, -2.0, 4.0])
    return [a + 2, 2 + a, a - 2, 2 - a, a * 3, 3 * a, a / 4, 4 / a, a ** 2, 2 ** a, -a, +a, abs(a)]


@program
def arithmetic_of_integers(torch):
    a = torch.tensor([1, -2, 4])
    return [a + 2, 2 - a, a * 3, a / 4, 4 / a, a ** 2, -a, abs(a), a + 2.5, a * True, a + True]


@program
def floor_division_and_remainder(torch):
    a = torch.tensor([7, -7, 3])
    return [torch.div(a, 2, rounding_mode="floor"), torch.div(a, 2, rounding_mode="trunc"),
            torch.div(a, torch.tensor([2.0, 2.0, -2.0]), rounding_mode="floor")]


@program
def matrix_operator(torch):
    a = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    return [a @ a, a @ a[0], a[0] @ a, a[0] @ a[0]]


@program
def in_place_operators(torch):
    a = torch.tensor([1.0, 2.0])
    b = a
    a += 1
    a *= torch.tensor([2.0, 3.0])
    a -= 0.5
    a /= 2
    a **= 2
    return [a, a is b]


@program
def comparisons_with_numbers(torch):
    a = torch.tensor([1.0, 2.0, float("nan")])
    return [a == 2, a != 2, a < 2, a <= 2, a > 2, a >= 2, 2 > a, 2 <= a, 2 == a]


@program
def comparisons_keep_big_integers(torch):
    a = torch.tensor([2**53 + 1, 2**62])
    return [a == 2**53 + 1, a > 2**53, a == 2**62, a < 2**62]


@program
def small_integers_against_large_numbers(torch):
    a = torch.tensor([1, 200], dtype=torch.uint8)
    return [a + 255, a * 2, a - 3, -a, a == 456, a < 1000]


@program
def overflow_wraps(torch):
    results = []
    for dtype, top in ((torch.int8, 127), (torch.int16, 2**15 - 1), (torch.int32, 2**31 - 1),
                       (torch.int64, 2**63 - 1), (torch.uint8, 255)):
        a = torch.tensor([top], dtype=dtype)
        results += [a + 1, a * 2, -a - 2, a * a, (-a).abs(), a ** 2]
    return results


@program
def overflow_of_sums(torch):
    a = torch.full((4,), 100, dtype=torch.int8)
    return [a.sum(), a.sum(dtype=torch.int8), torch.full((3,), 2**62).sum(),
            torch.full((2,), 60000, dtype=torch.float32).to(torch.float16).sum()]


@program
def division_by_zero(torch):
    a = torch.tensor([1, 0, -1])
    return [a / 0, a / torch.zeros(3), a.float() / 0.0, a.float() / -0.0, 1 / torch.zeros(1)]


@program
def powers(torch):
    a = torch.tensor([0.0, -0.0, -1.0, -2.0, 2.0, float("inf"), -float("inf"), float("nan")])
    return [a ** 0, a ** 1, a ** 2, a ** 3, a ** -1, a ** 0.5, a ** -0.5, a ** float("inf"),
            0 ** a, 1 ** a, 2 ** a, a ** a]


@program
def integer_powers(torch):
    a = torch.tensor([0, 1, -1, 2, -3])
    return [a ** 0, a ** 1, a ** 2, a ** 3, 2 ** torch.tensor([0, 1, 5, 62, 63, 64]),
            a ** torch.tensor([3, -1, -1, -2, -3]), a ** 2.0, a ** 0.5]


@program
def nan_wins(torch):
    nan = float("nan")
    a, b = torch.tensor([1.0, nan, 2.0]), torch.tensor([nan, 1.0, 3.0])
    return [torch.maximum(a, b), torch.minimum(a, b), a.max(), a.min(), a.argmax(), a.argmin(),
            a.amax(), a.amin(), a.max(0)[1], a.sum(), a.mean()]


@program
def bools(torch):
    a, b = torch.tensor([True, False]), torch.tensor([True, True])
    return [a + b, a * b, a / b, a == b, a < b, a + 1, a * 2.5, a.sum(), torch.maximum(a, b),
            a ** 2, a.max(), a.min()]


@program
def logical_operators_of_masks(torch):
    a, b = torch.tensor([True, False, True]), torch.tensor([True, True, False])
    return [a & b, a | b, a ^ b, ~a]


@program
def where_with_numbers(torch):
    c = torch.tensor([True, False])
    return [torch.where(c, 1, 2), torch.where(c, 1.0, 2), torch.where(c, torch.tensor([1, 2]), 0.5),
            torch.where(c, torch.tensor(1.0, dtype=torch.float64), torch.zeros(2)),
            torch.tensor([5, 6]).where(c, torch.tensor(0))]


@program
def alphas(torch):
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    return [torch.add(a, b, alpha=2), torch.sub(a, b, alpha=0.5), a.add(b, alpha=-1),
            a.clone().add_(b, alpha=10), torch.add(a, 3, alpha=2), torch.sub(a, 3, alpha=2)]


@program
def reductions_of_several_dims(torch):
    x = torch.arange(24.0).view(2, 3, 4)
    return [x.sum((0, 2)), x.sum([0, 1], keepdim=True), x.mean((0, -1)), x.amax((1, 2)),
            x.any((0, 1)), x.all((1,)), x.sum(0, True), x.sum(dim=(0, 1, 2)), x.sum(()), x.mean(()),
            x.sum(dim=None), x.sum(1, dtype=torch.float64), torch.sum(x, 1), torch.amin(x, 0)]


@program
def single_element_extremes(torch):
    x = torch.tensor(3.0)
    return [x.max(), x.max(0), x.argmax(0), x.sum(0), x.sum(-1), x.amax(0), x.mean(0), x.all(0)]
