"""The printed form by values: dtypes, magnitudes, infinities, suffixes; equal to the letter."""

from programs.registry import Programs

PROGRAMS = program = Programs()

INTS = ("uint8", "int8", "int16", "int32", "int64")
FLOATS = ("float16", "bfloat16", "float32", "float64")
NAN, INF = float("nan"), float("inf")

FLOAT_VALUES = {
    "whole": [1.0, 2.0, 3.0], "half": [0.5, 1.5], "mixed": [1.0, 2.5, -3.25], "zero": [0.0],
    "zeros": [0.0, 0.0], "minus_zero": [-0.0, 0.0], "minus_zeros_and_half": [-0.0, 0.5],
    "small": [0.0001, 0.5], "smaller": [0.00009, 0.5], "tiny": [1e-7], "tiny_and_one": [1e-6, 1.0],
    "thousand": [1000.0, 0.5], "ratio_1000": [0.5, 500.0], "ratio_1001": [0.5, 501.0],
    "large_whole": [10000.0, 60000.0], "large_fraction": [30000.0, 0.25], "nan": [NAN],
    "nans": [NAN, NAN], "inf": [INF], "minus_inf": [-INF, INF], "nan_and_whole": [NAN, 1.0],
    "nan_and_fraction": [NAN, 1.5, -2.25], "inf_and_whole": [INF, 100.0],
    "inf_and_tiny": [INF, 1e-5],
    "negative": [-1.0, -2.0], "negative_fraction": [-0.125, -7.5], "one": [1.0], "tenth": [0.1],
    "third": [1 / 3, 2 / 3], "pi": [3.14159265358979, 2.71828182845905],
    "widths": [1.5, 10.25, 100.125],
    "rounding": [0.00005, 0.99995, 1.00005], "half_up": [0.12345, 0.12355],
    "many": [i / 4 for i in range(20)],
    "mixed_signs": [i * 1.5 - 7 for i in range(12)], "wide_sci": [1e-4, 1e4],
    "sci_negative": [-1e-5, 2e3],
}

WIDE_VALUES = {
    "e8": [1e8], "above_e8": [1.1e8, 1.0], "below_e8": [99999999.0], "e9_fraction": [1e9, 0.5],
    "e10_whole": [1e10, 1.0], "e20": [1e20, 1.0], "e30_negative": [-1e30], "e_minus_30": [1e-30],
    "whole_9_digits": [123456789.0], "huge_and_nan": [1e15, NAN], "huge_and_inf": [1e15, INF],
    "e5_whole": [100000.0, 1.0], "e7_fraction": [1e7, 0.5], "max": [3.4028234663852886e38],
    "denormal": [1e-40], "million": [1234567.0, 7654321.0], "e38_both": [1e38, 1e-38],
}


def _printed(dtype, values, show=repr):
    def run(torch):
        return [show(torch.tensor(values, dtype=getattr(torch, dtype))),
                show(torch.tensor(values[0], dtype=getattr(torch, dtype))),
                show(torch.tensor([values, values], dtype=getattr(torch, dtype)))]
    return run


for _dtype in FLOATS:
    for _name, _values in FLOAT_VALUES.items():
        program.add(f"{_dtype}_{_name}", _printed(_dtype, _values))

for _dtype in ("float32", "float64"):
    for _name, _values in WIDE_VALUES.items():
        program.add(f"{_dtype}_{_name}", _printed(_dtype, _values))

program.add("float64_largest", _printed("float64", [1.7976931348623157e308]))
program.add("float64_digits", _printed("float64", [1.0000000001, 2.0]))
program.add("float64_e100", _printed("float64", [1e100, 1e-100]))
program.add("float16_max", _printed("float16", [65504.0, 1.0]))
program.add("bfloat16_coarse", _printed("bfloat16", [1.1, 257.0, 1e30]))

for _dtype in INTS:
    program.add(f"{_dtype}_small", _printed(_dtype, [1, 2, 30]))
    program.add(f"{_dtype}_zero", _printed(_dtype, [0]))
    program.add(f"{_dtype}_hundreds", _printed(_dtype, [1, 100, 7]))

for _dtype, _low, _high in (("int8", -128, 127), ("int16", -2**15, 2**15 - 1),
                            ("int32", -2**31, 2**31 - 1), ("int64", -2**63, 2**63 - 1)):
    program.add(f"{_dtype}_limits", _printed(_dtype, [_low, _high, 0]))

program.add("bool_pair", _printed("bool", [True, False]))
program.add("bool_true", _printed("bool", [True, True, True]))
program.add("str_equals_repr", _printed("float32", [1.5, 2.0], str))


@program
def formats(torch):
    x = torch.tensor(3.14159)
    return [f"{x}", f"{x:.2f}", f"{torch.tensor([1.0, 2.0])}", 
            "%s" % x,  # noqa: UP031 - this form is what is tested
            f"{torch.tensor(7):d}",
            f"{torch.tensor(7)}", f"{torch.tensor(True)}", f"{x.item():.3f}"]


@program
def names(torch):
    x = torch.zeros(2, 3)
    return [str(x.shape), repr(x.size()), str(x.dtype), repr(torch.float64), str(torch.bool),
            str(x.device), repr(x.device), str(torch.zeros(()).shape), str(torch.zeros(4).shape)]


@program
def requires_grad_suffix(torch):
    return [repr(torch.tensor(values, dtype=dtype, requires_grad=True)) for values, dtype in (
        ([1.0, 2.0], torch.float32), ([1.5], torch.float64), (2.0, torch.float32),
        ([], torch.float32), ([1.0], torch.float16), ([1.0], torch.bfloat16),
        ([[1.0, 2.0], [3.0, 4.0]], torch.float32))]


@program
def grad_fn_suffix(torch):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    return [repr(result) for result in (
        x + 1, x - 1, 1 - x, x * 2, x / 2, x ** 2, -x, x.abs(), x @ x, x.t(), x[0], x[0, 1],
        x[:, 0], x.sum(), x.sum(1), x.mean(), x.mean(0), x.max(), x.amax(1), x.clone(),
        x.view(4), x.reshape(-1), x.flatten(), x.unsqueeze(0), x[None].squeeze(), x.expand(2, 2, 2),
        x.relu(), torch.cat([x, x]), torch.stack([x, x]), torch.where(x > 2, x, x * 2),
        x.double(), x.double() + 1, x.to(torch.float16), x.permute(1, 0), x.narrow(0, 0, 1),
        x.transpose(0, 1), x.index_select(0, torch.tensor([1])), torch.maximum(x, x),
        x.t().contiguous(), x.gather(0, torch.tensor([[0, 1]])))]


@program
def grad_fn_of_in_place(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    results = [repr(y.add_(1)), repr(y.mul_(2)), repr(y.zero_()), repr(y.fill_(3))]
    z = x * 1
    z[0] = 5
    return [*results, repr(z), repr(z[0]), repr(z.view(2))]


@program
def after_backward(torch):
    x = torch.ones(2, 2, requires_grad=True)
    ((x + 2) ** 2 * 3).mean().backward()
    return [repr(x), repr(x.grad), repr(x.detach()), repr(x.data)]


@program
def first_steps(torch):
    x = torch.ones(2, 2, requires_grad=True)
    y = x + 2
    z = y * y
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    out = (w * 3).pow(2).mean()
    out.backward()
    return [str(item) for item in (x, y, z, (y - 2) ** 2, out, w.grad)]


@program
def without_grad(torch):
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        y = x * 2
        return [repr(y), repr(x), repr(x[0]), repr(x.view(2, 1))]


@program
def named_result(torch):
    return [repr(torch.tensor([[1.0, 5.0], [7.0, 2.0]]).max(1)),
            repr(torch.tensor([3, 1]).min(0))]


@program
def inside_containers(torch):
    x = torch.tensor([1.0, 2.0])
    return [repr([x, x]), repr((x,)), repr({"a": x})]
