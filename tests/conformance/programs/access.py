"""Reading a tensor from Python: item, tolist, sizes, conversions, predicates."""

from programs.registry import Programs

PROGRAMS = program = Programs()

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
          "float64")

for _name in DTYPES:
    program.add(f"item_and_tolist_{_name}", lambda torch, name=_name: [
        torch.tensor(1, dtype=getattr(torch, name)).item(),
        torch.tensor([[1]], dtype=getattr(torch, name)).item(),
        torch.tensor([[0, 1], [1, 2]], dtype=getattr(torch, name)).tolist(),
        torch.tensor(1, dtype=getattr(torch, name)).tolist(),
        torch.tensor([], dtype=getattr(torch, name)).tolist()])
    program.add(f"sizes_of_{_name}", lambda torch, name=_name: [
        torch.zeros(2, 3, dtype=getattr(torch, name)).element_size(),
        getattr(torch, name).itemsize, getattr(torch, name).is_floating_point,
        torch.zeros(1, dtype=getattr(torch, name)).is_floating_point(), str(getattr(torch, name))])


@program
def python_numbers(torch):
    return [int(torch.tensor(3)), float(torch.tensor(2.5)), bool(torch.tensor(0)),
            bool(torch.tensor([2.0])), int(torch.tensor(2.9)), float(torch.tensor(True))]


@program
def as_an_index(torch):
    return [[10, 20, 30][torch.tensor(1)], list(range(torch.tensor(3)))]


@program
def sizes(torch):
    x = torch.zeros(2, 3, 4)
    return [x.dim(), x.ndim, x.numel(), x.nelement(), list(x.size()), x.size(0), x.size(-1),
            list(x.shape), x.shape[1], list(x.stride()), x.stride(1), x[1:].storage_offset(),
            len(x), x.is_contiguous(), x.permute(2, 0, 1).is_contiguous(), x.shape.numel()]


@program
def size_of_0dim(torch):
    x = torch.tensor(1.0)
    return [x.dim(), x.numel(), list(x.shape), list(x.stride()), x.is_contiguous()]


@program
def kinds(torch):
    x = torch.zeros(2)
    return [torch.is_tensor(x), torch.is_tensor(1), isinstance(x, torch.Tensor), x.is_leaf,
            str(x.device), x.device.type, x.dtype == torch.float32, torch.float is torch.float32]


@program
def dtype_aliases(torch):
    return [str(getattr(torch, name)) for name in (
        "float", "double", "half", "int", "long", "short")]


@program
def conversions(torch):
    x = torch.tensor([0.0, 1.5, 2.0])
    return [x.double(), x.half(), x.bfloat16(), x.int(), x.long(), x.short(), x.bool(), x.float(),
            x.to(torch.int8), x.char(), x.byte(), x.to(dtype=torch.float64), x.type(torch.int32)]


@program
def to_returns_self_when_equal(torch):
    x = torch.zeros(2)
    return [x.to(torch.float32).data_ptr() == x.data_ptr(), x.to("cpu").data_ptr() == x.data_ptr(),
            x.to(torch.float32, copy=True).data_ptr() == x.data_ptr(),
            x.contiguous().data_ptr() == x.data_ptr()]


@program
def to_device_and_dtype(torch):
    x = torch.tensor([1.0, 2.0])
    return [x.to("cpu", torch.float64), x.to("cpu", torch.int32, copy=True), x.cpu()]


@program
def iteration(torch):
    x = torch.tensor([[1, 2], [3, 4]])
    first, second = x
    return [[row for row in x], first, second, [value.item() for value in x[0]]]


@program
def indexing_reads(torch):
    x = torch.arange(24).view(2, 3, 4)
    return [x[0], x[1, 2], x[1, 2, 3], x[-1], x[..., 0], x[:, 1], x[:, :, 1:3], x[0, ::2],
            x[:, None].sum(1), x[1:, -1:, ::3], x[0, 1][2], x[...], x[(0, 1)]]


@program
def indexing_writes(torch):
    x = torch.zeros(3, 4)
    x[0] = 1
    x[1, 2] = 5.5
    x[:, 0] = torch.tensor([7.0, 8.0, 9.0])
    x[2, 1:3] = torch.tensor([1, 2])
    x[..., 3] = 4
    x[-1, -1] = True
    return [x]


@program
def contains(torch):
    x = torch.tensor([1.0, 2.0])
    return [2 in x, 3 in x, 2.0 in x]


@program
def comparison_results(torch):
    x, y = torch.tensor([1, 2, 3]), torch.tensor([1, 5, 3])
    return [x == y, x != y, x < y, x <= y, x > y, x >= y, x == 1, x != None, x == None]  # noqa: E711


@program
def equality_functions(torch):
    x = torch.tensor([1.0, float("nan")])
    return [torch.equal(x, x.clone()), torch.equal(torch.ones(2), torch.ones(2)),
            torch.equal(torch.ones(2), torch.ones(3)), torch.allclose(torch.ones(2), torch.ones(2)),
            torch.allclose(x, x), torch.allclose(x, x, equal_nan=True),
            torch.allclose(torch.ones(1), torch.ones(1) + 1e-6),
            torch.allclose(torch.ones(1), torch.ones(1) + 1e-3)]


@program
def named_results(torch):
    x = torch.tensor([[1.0, 5.0], [7.0, 2.0]])
    result = x.max(1)
    values, indices = x.min(dim=0)
    return [result.values, result.indices, result[0], values, indices, torch.max(x, 1, True)[1]]


@program
def hashable(torch):
    x, y = torch.zeros(1), torch.zeros(1)
    return [len({x, y}), x in [x]]


@program
def t_property(torch):
    x = torch.arange(6).view(2, 3)
    return [x.T, x.mT, list(x.T.stride())]


@program
def result_type_of_any_all(torch):
    return [torch.tensor([1, 0]).any(), torch.tensor([1, 0], dtype=torch.uint8).any(),
            torch.tensor([1, 0], dtype=torch.uint8).all(), torch.tensor([]).all(),
            torch.tensor([]).any(), torch.tensor([0.0, float("nan")]).any()]
