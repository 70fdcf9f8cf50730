"""Views share memory: writes through one are read through the other; copies do not."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _written(make):
    """Write through `make(x)` and return x."""
    def run(torch):
        x = torch.arange(12.0).view(3, 4)
        view = make(x)
        view.fill_(-1)
        return [x, list(view.shape), list(view.stride()), view.storage_offset()]
    return run


VIEWS = {
    "view": lambda x: x.view(12), "reshape": lambda x: x.reshape(2, 6),
    "reshape_that_copies": lambda x: x.t().reshape(12), "transpose": lambda x: x.transpose(0, 1),
    "t": lambda x: x.t()[1], "permute": lambda x: x.permute(1, 0)[:2],
    "select": lambda x: x.select(1, 2), "narrow": lambda x: x.narrow(1, 1, 2),
    "slice": lambda x: x[1:, ::2], "index": lambda x: x[-1], "squeeze": lambda x: x[:1].squeeze(),
    "unsqueeze": lambda x: x[2].unsqueeze(0), "flatten": lambda x: x.flatten()[3:5],
    "flatten_that_copies": lambda x: x.t().flatten()[3:5], "clone": lambda x: x.clone(),
    "contiguous_itself": lambda x: x.contiguous(), "contiguous_copy": lambda x: x.t().contiguous(),
    "detach": lambda x: x.detach()[0], "to_itself": lambda x: x.to(x.dtype),
    "diagonal_stride": lambda x: x.as_strided((3,), (5,)), "expand_as": lambda x: x.expand_as(x),
    "view_as": lambda x: x.view_as(x), "mT": lambda x: x.mT[0], "T": lambda x: x.T[0],
    "chained": lambda x: x[1:].t()[2:].unsqueeze(1)[:, :, 0],
}

for _name, _make in VIEWS.items():
    program.add(f"write_through_{_name}", _written(_make))


@program
def write_through_base_is_seen(torch):
    x = torch.zeros(2, 3)
    views = [x.t(), x[1], x.view(6), x[:, 1:].unsqueeze(0)]
    x[1, 1] = 5
    return views


@program
def copy_between_overlapping_views(torch):
    x = torch.arange(6.0)
    x[:3].copy_(x[3:])
    return [x]


@program
def in_place_through_a_transposed_view(torch):
    x = torch.arange(6.0).view(2, 3)
    x.t().mul_(torch.tensor([1.0, 10.0]))
    return [x]


@program
def out_is_a_view(torch):
    x = torch.zeros(3, 4)
    torch.add(torch.ones(3), 1, out=x[:, 1])
    torch.mul(torch.ones(2, 3), 4, out=x.t()[2:])
    return [x]


@program
def out_is_an_input(torch):
    x = torch.tensor([1.0, 2.0])
    torch.mul(x, x, out=x)
    torch.sub(x, 1, out=x)
    return [x]


@program
def numpy_shares_memory(torch):
    x = torch.zeros(2, 2)
    array = x.numpy()
    array[0, 1] = 5
    back = torch.from_numpy(array)
    back[1, 0] = 7
    return [x, list(array.shape), str(array.dtype)]


@program
def numpy_of_views(torch):
    x = torch.arange(6, dtype=torch.int16).view(2, 3).t()
    array = x.numpy()
    strides = [stride // array.itemsize for stride in array.strides]
    return [array.tolist(), str(array.dtype), strides]


@program
def from_numpy_keeps_strides(torch):
    import numpy
    array = numpy.arange(6, dtype=numpy.float64).reshape(2, 3)
    x = torch.from_numpy(array.T)
    y = torch.tensor(array)
    array[0, 0] = 9
    return [x, list(x.stride()), y]
