"""Creation: the dtype torch.tensor infers, shapes given in every way, ranges, *_like."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _described(tensor):
    return [str(tensor.dtype), list(tensor.shape), list(tensor.stride()), tensor.requires_grad]


DATA = {
    "int": 3, "float": 2.5, "bool": True, "list_int": [1, 2], "list_float": [1.0, 2.0],
    "list_mixed": [1, 2.5], "list_bool": [True, False], "list_bool_int": [True, 2],
    "list_bool_float": [True, 2.5], "nested": [[1, 2], [3, 4]], "tuple": (1, 2),
    "nested_tuple": ((1.0, 2.0), (3.0, 4.0)), "empty": [], "empty_rows": [[], []],
    "deep": [[[1], [2]], [[3], [4]]], "big_int": 2**40, "negative": [-1, -2.5],
    "non_finite": [float("nan"), float("inf"), -float("inf")], "large_float": [1e300, 1.0],
    "range": range(4), "zero": 0, "minus_zero": -0.0,
}

for _name, _data in DATA.items():
    program.add(f"tensor_of_{_name}", lambda torch, data=_data: [torch.tensor(data)])

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
          "float64")

for _name in DTYPES:
    program.add(f"tensor_as_{_name}", lambda torch, name=_name: [
        torch.tensor([0, 1, 2], dtype=getattr(torch, name)),
        torch.tensor([0.0, 1.5], dtype=getattr(torch, name)),
        torch.tensor([True, False], dtype=getattr(torch, name)),
        torch.tensor(1, dtype=getattr(torch, name))])
    program.add(f"created_as_{_name}", lambda torch, name=_name: [
        torch.zeros(2, 2, dtype=getattr(torch, name)), torch.ones((3,), dtype=getattr(torch, name)),
        torch.full((2,), 1, dtype=getattr(torch, name)), torch.zeros(0, dtype=getattr(torch, name)),
        *_described(torch.empty(2, 3, dtype=getattr(torch, name)))])


@program
def shapes_in_every_way(torch):
    return [_described(result) for result in (
        torch.zeros(2, 3), torch.zeros((2, 3)), torch.zeros([2, 3]), torch.zeros(()),
        torch.zeros(2), torch.zeros(size=(2, 3)), torch.zeros(torch.zeros(2, 3).shape),
        torch.zeros(0), torch.zeros(2, 0, 3), torch.ones(1, 1, 1, 1), torch.empty(4, 0),
        torch.empty(()), torch.empty(2, 3, 4))]


@program
def full_infers_its_dtype(torch):
    return [torch.full((2,), 1), torch.full((2,), 1.5), torch.full((2,), True),
            torch.full((), 7), torch.full((0, 2), 7), torch.full((2,), float("nan")),
            torch.full([2], 3, dtype=torch.float16)]


@program
def ranges(torch):
    return [torch.arange(5), torch.arange(1, 4), torch.arange(1, 10, 3), torch.arange(5.0),
            torch.arange(0, 1, 0.25), torch.arange(5, 0, -2), torch.arange(0), torch.arange(3, 3),
            torch.arange(1, 2.5, 0.5), torch.arange(4, dtype=torch.float16),
            torch.arange(0, 2, 0.5, dtype=torch.float64), torch.arange(-3, 3),
            torch.arange(2**40, 2**40 + 3), torch.arange(0.0, 0.7, 0.1),
            torch.arange(4, dtype=torch.uint8), torch.arange(end=3)]


@program
def large_ranges(torch):
    return [torch.arange(100000), torch.arange(0, 1000, 0.01), torch.arange(50000.0)]


@program
def identities(torch):
    return [torch.eye(3), torch.eye(2, 4), torch.eye(4, 2), torch.eye(0), torch.eye(2, 0),
            torch.eye(2, dtype=torch.int64), torch.eye(2, dtype=torch.bool)]


@program
def like_keeps_dtype_and_layout(torch):
    x = torch.zeros(2, 3, dtype=torch.int16).t()
    results = [torch.zeros_like(x), torch.ones_like(x), torch.full_like(x, 3)]
    described = [_described(maker(x)) for maker in (torch.empty_like, torch.zeros_like)]
    floats = torch.zeros(2, 3).t()
    described += [_described(maker(floats)) for maker in (torch.rand_like, torch.randn_like)]
    return [*results, *described]


@program
def like_of_another_dtype(torch):
    x = torch.zeros(2, 3)
    return [torch.ones_like(x, dtype=torch.float64), torch.zeros_like(x, dtype=torch.bool),
            torch.full_like(x, 2.5), torch.full_like(x, 2, dtype=torch.int8),
            str(torch.rand_like(x, dtype=torch.float64).dtype)]


@program
def like_of_special_layouts(torch):
    x = torch.zeros(4, 6)
    return [_described(torch.zeros_like(view)) for view in (
        x[::2], x[:, ::2], x[0], x.expand(2, 4, 6), x[:1].expand(3, 6), x.view(2, 2, 6)
        .permute(2, 0, 1), x[:0], x.t()[:3])]


@program
def requires_grad_when_created(torch):
    return [_described(result) for result in (
        torch.zeros(2, requires_grad=True), torch.tensor([1.0], requires_grad=True),
        torch.rand(2, requires_grad=True), torch.ones_like(torch.zeros(2), requires_grad=True),
        torch.full((2,), 1.0, requires_grad=True), torch.eye(2, requires_grad=True),
        torch.arange(3.0, requires_grad=True))]


@program
def default_dtype_of_results(torch):
    return [str(result.dtype) for result in (
        torch.zeros(1), torch.ones(1), torch.empty(1), torch.rand(1), torch.randn(1),
        torch.eye(1), torch.arange(2), torch.arange(2.0), torch.tensor(1), torch.tensor(1.0),
        torch.tensor([]), torch.full((1,), 2))]


@program
def from_a_buffer(torch):
    data = bytearray(range(16))
    x = torch.frombuffer(data, dtype=torch.uint8)
    y = torch.frombuffer(data, dtype=torch.int32)
    part = torch.frombuffer(data, dtype=torch.uint8, count=4, offset=8)
    data[0] = 255
    return [x, y, part]


@program
def tensor_copies_its_data(torch):
    source = torch.tensor([1.0, 2.0])
    copied = source.clone()
    source[0] = 9
    return [copied, source]


@program
def clones(torch):
    x = torch.arange(6).view(2, 3).t()
    return [x.clone(), list(x.clone().stride()), x.clone().data_ptr() == x.data_ptr()]
