"""Outputs and written tensors that share memory with inputs: which are refused, in which words."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _part(memory, offset, *shape):
    size = 1
    for length in shape:
        size *= length
    return memory[offset : offset + size].view(*shape)


def _positions(torch):
    return torch.tensor([[0, 1, 2], [1, 1, 1], [2, 0, 0]])


# name: (shapes of the inputs, shape of the output, the call)
_CALLS = {
    "sum_dim": ([(3, 3)], (3,), lambda t, x, o: t.sum(x, 1, out=o)),
    "amax": ([(3, 3)], (3,), lambda t, x, o: t.amax(x, 1, out=o)),
    "matmul": ([(3, 3), (3, 3)], (3, 3), lambda t, x, y, o: t.matmul(x, y, out=o)),
    "add": ([(3, 3), (3, 3)], (3, 3), lambda t, x, y, o: t.add(x, y, out=o)),
    "addmm": ([(3, 3)] * 3, (3, 3), lambda t, x, y, z, o: t.addmm(x, y, z, out=o)),
    "addmm_of_another": ([(3, 3)] * 3, (3, 3), lambda t, x, y, z, o: t.addmm(y, x, z, out=o)),
    "addmm_": ([(3, 3)] * 2, (3, 3), lambda t, x, y, o: o.addmm_(x, y)),
    "softmax": ([(3, 3)], (3, 3), lambda t, x, o: t.softmax(x, 1, out=o)),
    "cat": ([(3, 3)] * 2, (6, 3), lambda t, x, y, o: t.cat([x, y], out=o)),
    "cat_of_one": ([(3, 3)], (3, 3), lambda t, x, o: t.cat([x], out=o)),
    "stack": ([(3,)] * 2, (2, 3), lambda t, x, y, o: t.stack([x, y], out=o)),
    "index_select": (
        [(3, 3)],
        (3, 3),
        lambda t, x, o: t.index_select(x, 0, t.tensor([0, 2, 1]), out=o),
    ),
    "gather": ([(3, 3)], (3, 3), lambda t, x, o: t.gather(x, 0, _positions(t), out=o)),
    "index_add_": ([(3, 3)], (3, 3), lambda t, x, o: o.index_add_(0, t.tensor([0, 2, 1]), x)),
    "scatter_": ([(3, 3)], (3, 3), lambda t, x, o: o.scatter_(0, _positions(t), x)),
    "scatter_add_": ([(3, 3)], (3, 3), lambda t, x, o: o.scatter_add_(0, _positions(t), x)),
    "copy_": ([(3, 3)], (3, 3), lambda t, x, o: o.copy_(x)),
}


def _overlapping(torch, shapes, out_shape, call, shared):
    """The output begins with the last element of the input `shared`."""
    memory = torch.arange(64.0)
    inputs, at = [], 20
    for i, shape in enumerate(shapes):
        inputs.append(_part(memory, 0 if i == shared else at, *shape))
        at += 10
    call(torch, *inputs, _part(memory, inputs[shared].numel() - 1, *out_shape))
    return "done"


for _name, (_shapes, _out, _call) in _CALLS.items():
    for _i in range(len(_shapes)):
        program.add(
            f"{_name}_over_a_part_of_input_{_i}",
            lambda torch, s=_shapes, o=_out, c=_call, i=_i: _overlapping(torch, s, o, c, i),
        )
    if _shapes[0] == _out:

        def _same(torch, s=_shapes, c=_call):
            inputs = [torch.ones(*shape) for shape in s]
            c(torch, *inputs, inputs[0])
            return "done"

        def _turned(torch, s=_shapes, c=_call):
            inputs = [torch.ones(*shape) for shape in s]
            c(torch, *inputs, inputs[0].t())
            return "done"

        program.add(f"{_name}_over_its_input", _same)
        program.add(f"{_name}_over_its_turned_input", _turned)


_WITH_INDICES = {
    "gather_over_a_part": lambda t, b: t.gather(b[:4], 0, b[2:6], out=b[4:8]),
    "gather_over_all": lambda t, b: t.gather(t.zeros(9, dtype=t.int64), 0, b, out=b),
    "gather_of_itself": lambda t, b: t.gather(b, 0, t.zeros(9, dtype=t.int64), out=b),
    "index_select": lambda t, b: t.index_select(
        t.zeros(4, dtype=t.int64), 0, b[2:6], out=b[4:8]
    ),
    "index_add_": lambda t, b: b[:4].index_add_(0, b[2:6], t.zeros(4, dtype=t.int64)),
    "index_add_over_all": lambda t, b: b.index_add_(0, b, t.zeros(9, dtype=t.int64)),
    "scatter_": lambda t, b: b[:4].scatter_(0, b[2:6], t.zeros(4, dtype=t.int64)),
    "scatter_add_": lambda t, b: b[:4].scatter_add_(0, b[2:6], t.zeros(4, dtype=t.int64)),
    "scatter_over_all": lambda t, b: b.scatter_(0, b, t.zeros(9, dtype=t.int64)),
    "scatter_of_itself": lambda t, b: b.scatter_(0, t.zeros(9, dtype=t.int64), b),
    "argmax": lambda t, b: t.argmax(b[:6].view(2, 3), 1, out=b[5:7]),
    "max_values": lambda t, b: t.max(
        b[:6].view(2, 3), 1, out=(b[5:7], t.zeros(2, dtype=t.int64))
    ),
    "max_indices": lambda t, b: t.max(
        b[:6].view(2, 3), 1, out=(t.zeros(2, dtype=t.int64), b[5:7])
    ),
}


def _done(torch, call):
    call(torch, torch.zeros(9, dtype=torch.int64))
    return "done"


for _name, _call in _WITH_INDICES.items():
    program.add(f"indices_{_name}", lambda torch, c=_call: _done(torch, c))


@program
def fill_of_shared_elements_with_a_tensor(torch):
    torch.zeros(1, 1).expand(3, 3).fill_(torch.tensor(2.0))
    return "done"


@program
def fill_of_shared_elements_with_a_number(torch):
    return torch.zeros(1, 1).expand(3, 3).fill_(2.0)


@program
def arange_into_columns(torch):
    x = torch.zeros(2, 3)
    result = torch.arange(0, 4, out=x[:, 1:])
    return [x, result.shape, result.stride()]


@program
def arange_into_a_transposed(torch):
    x = torch.zeros(3, 2, dtype=torch.int64)
    torch.arange(6, out=x.t())
    return x


@program
def arange_into_another_size(torch):
    out = torch.zeros(2, 2)
    torch.arange(5, out=out)
    return out
