"""Numbers beside tensors that the dtype does not hold: what wraps, what rounds, what is refused."""

from programs.registry import Programs

PROGRAMS = program = Programs()

_DTYPES = (
    "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "bool",
)  # fmt: skip
_NUMBERS = (
    256, -1, -129, 70000, 2**31, 2**40, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1,
    1e6, 1e39, 1e300, float("inf"), float("nan"),
)  # fmt: skip

_FORMS = {
    "add": lambda t, x, v: x + v,
    "add_after": lambda t, x, v: v + x,
    "add_in_place": lambda t, x, v: x.add_(v),
    "alpha": lambda t, x, v: t.add(x, x, alpha=v),
    "sub": lambda t, x, v: x - v,
    "sub_after": lambda t, x, v: v - x,
    "mul": lambda t, x, v: x * v,
    "div": lambda t, x, v: x / v,
    "floor_divide": lambda t, x, v: x // v,
    "floor_divide_after": lambda t, x, v: v // x,
    "div_floor": lambda t, x, v: t.div(x, v, rounding_mode="floor"),
    "div_trunc": lambda t, x, v: t.div(x, v, rounding_mode="trunc"),
    "remainder": lambda t, x, v: x % v,
    "remainder_after": lambda t, x, v: v % x,
    "pow": lambda t, x, v: x**v,
    "equal": lambda t, x, v: x == v,
    "less": lambda t, x, v: x < v,
    "where": lambda t, x, v: t.where(x > 0, x, v),
    "where_first": lambda t, x, v: t.where(x > 0, v, x),
    "where_of_numbers": lambda t, x, v: t.where(x > 0, v, 1.0),
    "and": lambda t, x, v: x & v,
    "or": lambda t, x, v: x | v,
    "xor": lambda t, x, v: x ^ v,
    "fill": lambda t, x, v: x.fill_(v),
    "full": lambda t, x, v: t.full((2,), v, dtype=x.dtype),
    "full_of_the_numbers_dtype": lambda t, x, v: t.full((2,), v),
    "full_like": lambda t, x, v: t.full_like(x, v),
    "fill_of_one": lambda t, x, v: x[:1].fill_(v),
    "full_of_one": lambda t, x, v: t.full((1,), v, dtype=x.dtype),
    "tensor": lambda t, x, v: t.tensor([v], dtype=x.dtype),
    "tensor_of_one": lambda t, x, v: t.tensor(v, dtype=x.dtype),
    "beta": lambda t, x, v: t.addmm(x.view(1, 2), x[:1].view(1, 1), x.view(1, 2), beta=v),
    "alpha_of_mm": lambda t, x, v: t.addmm(x.view(1, 2), x[:1].view(1, 1), x.view(1, 2), alpha=v),
}


def _outcome(call):
    try:
        result = call()
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return f"{result.dtype} {result.tolist()}"


def _each(form):
    def outcomes(torch):
        results = []
        for name in _DTYPES:
            for number in _NUMBERS:
                x = torch.tensor([1, 2]).to(getattr(torch, name))
                results.append(_outcome(lambda x=x, number=number: form(torch, x, number)))
        return results

    return outcomes


for _name, _form in _FORMS.items():
    program.add(_name, _each(_form))


@program
def assigned_to_an_item(torch):
    def assigned(x, number):
        x[0] = number
        return x

    return _each(lambda _, x, number: assigned(x, number))(torch)


@program
def divided_by(torch):
    """Division of a number by integers of either sign, and by 0."""
    x = torch.tensor([2, -2, 3])
    results = [_outcome(lambda n=n: n // x) for n in (7, -7, 7.5)]
    results += [_outcome(lambda n=n: n % x) for n in (7, -7, -7.5)]
    zero = torch.tensor([2, 0])
    results += [_outcome(lambda: 7 // zero), _outcome(lambda: 7 % zero)]
    return results


@program
def ranges(torch):
    inf, nan = float("inf"), float("nan")
    bounds = [(0, inf), (0, 3, nan), (0, 3, inf), (0, 3, 0), (0, inf, nan), (0, 3, 2**63)]
    results = [_outcome(lambda b=b: torch.arange(*b)) for b in bounds]
    for name in ("float16", "float32", "int32", "bool"):
        kind = getattr(torch, name)
        results.append(_outcome(lambda kind=kind: torch.arange(1e300, 1e300, 1, dtype=kind)))
        results.append(_outcome(lambda kind=kind: torch.arange(2**63, 2**63, 1, dtype=kind)))
    return results


@program
def inverted(torch):
    return [_outcome(lambda: ~torch.ones(2)), _outcome(lambda: torch.bitwise_not(torch.ones(2)))]
