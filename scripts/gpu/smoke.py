"""One family of kernels with one dtype, on the device and on the CPU, in a process of its own.

usage: smoke.py FAMILY DTYPE [--small]     (--small: few elements, for the emulated device)
       smoke.py --list

Sizes are chosen for a kernel's ways: one element, odd ones, less and more than a block, and enough
for all multiprocessors. What differs is named with its sizes, the first place and both values.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import libtensor as torch

FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
NUMBERS = INTEGERS + FLOATS
ALL = ("bool", *NUMBERS)
# Relative and absolute: the device rounds as it likes in exp, and adds in another order.
TOLERANCES = {"float16": 4e-3, "bfloat16": 3e-2, "float32": 2e-5, "float64": 1e-10}
SIZES = ((1,), (7,), (1000,), (33, 65), (257, 1023), (1 << 22,))
SMALL = ((1,), (7,), (300,), (5, 33))
FAMILIES: dict[str, tuple[tuple[str, ...], Callable]] = {}

Results = Iterator[tuple[str, Callable]]  # what it is called, and a function of a device


def family(*dtypes: str):
    """A generator of results, each to be made on either device from the same numbers."""

    def add(function):
        FAMILIES[function.__name__] = (dtypes, function)
        return function

    return add


def numbers(shape: tuple[int, ...], dtype: str, seed: int = 1):
    """Of the CPU, the same each time; small enough that sums of integers stay exact."""
    torch.manual_seed(seed)
    if dtype == "bool":
        return torch.rand(*shape) < 0.5
    values = torch.rand(*shape, dtype=torch.float64) * 8
    values = values if dtype == "uint8" else values - 4
    return values.to(getattr(torch, dtype))


def indices(shape: tuple[int, ...], most: int):
    torch.manual_seed(5)
    return (torch.rand(*shape, dtype=torch.float64) * most).to(torch.int64)


def each(shapes, functions: dict[str, Callable], *sources) -> Results:
    """Every function of every shape's tensors; a source makes one from a shape."""
    for shape in shapes:
        tensors = [source(shape) for source in sources]
        for name, function in functions.items():
            yield (
                f"{name} of {'x'.join(map(str, shape))}",
                lambda device, f=function, t=tensors: f(*(x.to(device) for x in t)),
            )


@family(*NUMBERS)
def arithmetic(shapes, dtype):
    functions = {
        "add": torch.add,
        "sub": torch.sub,
        "mul": torch.mul,
        "add with a number": lambda a, b: a + 3,
        "add_": lambda a, b: a.clone().add_(b),
        "strided": lambda a, b: a.flatten()[::2] * b.flatten()[::2],
        "broadcast": lambda a, b: a.flatten()[:50].unsqueeze(1) + b.flatten()[:70],
    }
    if dtype in FLOATS:
        functions["div"] = lambda a, b: a / (b.abs() + 1)
    yield from each(shapes, functions, lambda s: numbers(s, dtype), lambda s: numbers(s, dtype, 2))


@family(*FLOATS)
def functions_of_numbers(shapes, dtype):
    functions = {f.__name__: f for f in (torch.exp, torch.tanh, torch.sigmoid, torch.relu)}
    functions["neg"] = lambda a: -a
    functions["square"] = lambda a: a**2
    functions["sqrt"] = lambda a: (a.abs() + 0.5).sqrt()
    functions["log"] = lambda a: (a.abs() + 0.5).log()
    yield from each(shapes, functions, lambda s: numbers(s, dtype))


@family(*ALL)
def comparisons(shapes, dtype):
    functions = {
        "eq": lambda a, b: a == b,
        "where": lambda a, b: torch.where(a == b, a, b),
    }
    if dtype != "bool":
        functions["lt"] = lambda a, b: a < b
        functions["maximum"] = torch.maximum
    yield from each(shapes, functions, lambda s: numbers(s, dtype), lambda s: numbers(s, dtype, 2))


@family(*ALL)
def conversions(shapes, dtype):
    """To every dtype, of numbers that each has (none is negative)."""
    functions = {to: lambda a, t=to: a.to(getattr(torch, t)) for to in ALL}
    functions["transposed"] = lambda a: a.unsqueeze(0).transpose(0, -1).contiguous()
    functions["filled"] = lambda a: torch.full_like(a, 1)
    yield from each(shapes, functions, lambda s: absolute(numbers(s, dtype)))


def absolute(tensor):
    return tensor if tensor.dtype == torch.bool else tensor.abs()


@family(*ALL)
def sums(shapes, dtype):
    functions = {"sum": lambda a: a.sum(), "sum of rows": lambda a: a.sum(-1)}
    functions["sum of columns"] = lambda a: a.sum(0)
    if dtype in FLOATS:
        functions["mean"] = lambda a: a.mean()
    yield from each(shapes, functions, lambda s: numbers(s, dtype))


@family(*NUMBERS)
def extremes(shapes, dtype):
    functions = {
        "max": lambda a: a.max(),
        "min": lambda a: a.min(),
        "argmax": lambda a: a.argmax(-1),
        "argmin": lambda a: a.argmin(0),
        "max of rows": lambda a: a.max(-1)[1],
    }
    yield from each(shapes, functions, lambda s: numbers(s, dtype))


@family(*ALL)
def truth(shapes, dtype):
    functions = {"any": lambda a: a.any(), "all": lambda a: a.all(), "rows": lambda a: a.any(-1)}
    yield from each(shapes, functions, lambda s: numbers(s, dtype))


@family(*FLOATS)
def softmax(shapes, dtype):
    def gradient(a):
        a = a.detach().requires_grad_(True)
        (a.softmax(-1) * a.detach()).sum().backward()
        return a.grad

    functions = {
        "softmax": lambda a: a.softmax(-1),
        "log_softmax": lambda a: a.log_softmax(0),
        "gradient": gradient,
    }
    yield from each(shapes, functions, lambda s: numbers(s, dtype))


@family(*NUMBERS)
def products(shapes, dtype):
    """Of matrices: cuBLAS's for floats, tiles of our own for others."""
    sizes = ((1, 1), (3, 5), (17, 33)) + ((130, 257),) * (len(shapes) > len(SMALL))

    def functions():
        yield "a b", lambda a, b: a @ b.t()
        yield "a' b", lambda a, b: a.t() @ b
        yield "batched", lambda a, b: a.unsqueeze(0).expand(3, *a.shape) @ b.t()
        yield "strided", lambda a, b: a[:, ::2] @ b[:, ::2].t()
        yield "with a vector", lambda a, b: a @ b[0]

    yield from each(
        sizes, dict(functions()), lambda s: numbers(s, dtype), lambda s: numbers(s, dtype, 2)
    )


@family(*NUMBERS)
def indexing(shapes, dtype):
    def rows(s):
        return s if len(s) > 1 else (s[0], 3)

    functions = {
        "gather": lambda a, i: a.gather(0, i.unsqueeze(1).expand(i.shape[0], a.shape[1])),
        "index_select": lambda a, i: a.index_select(0, i),
        "index_add": lambda a, i: torch.zeros_like(a).index_add(0, i, a),
        "scatter": lambda a, i: torch.zeros_like(a).scatter(
            0, torch.arange(a.shape[0], device=a.device).unsqueeze(1).expand(*a.shape), a
        ),
    }
    # index_add adds in one order: few rows, as many as fit its one line.
    sizes = [rows(s) for s in shapes if s[0] < 1 << 12]
    yield from each(sizes, functions, lambda s: numbers(s, dtype), lambda s: indices(s[:1], s[0]))


@family(*FLOATS)
def losses(shapes, dtype):
    def gradient(a, target):
        a = a.detach().requires_grad_(True)
        torch.nn.functional.cross_entropy(a, target).backward()
        return a.grad

    functions = {"cross_entropy": torch.nn.functional.cross_entropy, "gradient": gradient}
    sizes = [s for s in shapes if len(s) == 2]
    yield from each(sizes, functions, lambda s: numbers(s, dtype), lambda s: indices(s[:1], s[1]))


@family("float32", "int64")
def ranges(shapes, dtype):
    functions = {
        "arange": lambda a: torch.arange(a.numel(), device=a.device).to(a.dtype) * 2,
        "eye": lambda a: torch.eye(17).to(a.device) * a.flatten()[0],
    }
    yield from each(shapes, functions, lambda s: numbers(s, dtype))


@family(*FLOATS)
def random_numbers(shapes, dtype):
    """PyTorch's for seed 0 on a GPU, and ranges: the CPU's numbers are others."""
    torch.manual_seed(0)
    first = torch.rand(6, dtype=getattr(torch, dtype), device="cuda")
    known = torch.tensor([0.3990, 0.5167, 0.0249, 0.9401, 0.9459, 0.7967])
    if dtype == "float32":
        yield "rand", lambda d: (first.cpu() - known).abs() < 1e-4 if d != "cpu" else known > 0
    for shape in shapes:
        for make in (torch.rand, torch.randn):

            def good(device, make=make, shape=shape):
                drawn = make(*shape, dtype=getattr(torch, dtype), device=device).to(torch.float64)
                few = drawn.numel() < 1000
                return few or abs(drawn.mean().item() - (make is torch.rand) / 2) < 0.2

            yield f"{make.__name__} of {shape}", lambda d, g=good: torch.tensor(g(d))


@family("uint8")
def large(shapes, dtype):
    """More elements than 31 bits count; on a GPU only."""
    if len(shapes) <= len(SMALL):
        return
    rows, columns = 4097, 1 << 19

    def total(device):
        if device == "cpu":
            return torch.tensor([rows * columns, 3, 5])
        x = torch.ones(rows, columns, dtype=torch.uint8, device=device)
        x[-1, -5:].mul_(3)
        count = (x * 1).sum(1).sum() - 10
        return torch.stack([count, x[-1, -1].to(torch.int64), (x > 1).sum(1).sum()])

    yield f"sums of {rows}x{columns}", total


def difference(there, here, dtype: str) -> str:
    """Where they differ, or ""."""
    there = there.to("cpu")
    if there.shape != here.shape or there.dtype != here.dtype:
        return f"{there.shape} of {there.dtype} instead of {here.shape} of {here.dtype}"
    a, b = (x.to(torch.float64).flatten() for x in (there, here))
    most = TOLERANCES.get(str(here.dtype).rpartition(".")[2], 0)
    if most:  # of a result of fewer digits than its dtype's, if it was converted
        most = max(most, TOLERANCES.get(dtype, 0))
    wrong = ~((a - b).abs() <= most * (b.abs() + 1)) & (a == a)
    wrong = wrong | ((a == a) != (b == b))
    count = wrong.sum().item()
    if not count:
        return ""
    at = wrong.to(torch.int64).argmax().item()
    return f"{count} of {a.numel()} differ: [{at}] is {a[at].item()} instead of {b[at].item()}"


def main(arguments: list[str]) -> int:
    if arguments == ["--list"]:
        for name, (dtypes, _) in FAMILIES.items():
            print(name, *dtypes)
        return 0
    name, dtype = arguments[:2]
    shapes = SMALL if "--small" in arguments else SIZES
    checked = failed = 0
    for what, function in FAMILIES[name][1](shapes, dtype):
        checked += 1
        try:
            text = difference(function("cuda"), function("cpu"), dtype)
        except Exception as error:  # and go on: the next may tell more
            text = f"{type(error).__name__}: {error}"
        if text:
            failed += 1
            print(f"{name} {dtype}: {what}: {text}", flush=True)
    print(f"{checked - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
